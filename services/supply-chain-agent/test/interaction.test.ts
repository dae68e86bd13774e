/** Orders that a person approves on the agent's own page (profile 3.5). */

import { generateSigningKey } from "aauth";
import { february2026Tokens } from "aauth/february-2026";
import { describe, expect, test } from "vitest";
import {
  APPROVER,
  arrive,
  createInteractionWorld,
  type InteractionWorld,
  interactionIn,
  RETURN_URL,
} from "./interaction-world.ts";
import { SELF } from "./stack.ts";

const IDENTITY = { sub: APPROVER, name: "Anna", email: "anna@example.com" };

describe("an order that a person approves", () => {
  test("challenge, interaction, approval, and the same request again", async () => {
    const world = await createInteractionWorld();
    const challenged = await world.order();
    expect([challenged.statusCode, challenged.headers["cache-control"]]).toEqual([401, "no-store"]);
    expect(challenged.headers["agent-auth"]).toMatch(
      /^httpsig; user_interaction="http:\/\/supply-chain-agent\.localhost:3000\/interaction\?session=[\w-]{43}"$/,
    );

    const { first, cookie, page, form } = await arrive(world, interactionIn(challenged));
    expect(first.statusCode).toBe(303);
    expect(new URL(String(first.headers.location)).origin).toBe("http://localhost:8080");
    expect(first.headers["set-cookie"]).toMatch(
      /^interaction_[0-9a-f]{16}=[\w-]{43}; Path=\/interaction; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    const redirect_uri = `${SELF}/interaction/callback`;
    expect(world.state.asked).toMatchObject([
      { request_type: "auth", scope: "openid profile email", redirect_uri, signedAs: SELF },
      { request_type: "code", code: "c-1", redirect_uri, signedAs: SELF },
    ]);
    expect(page.statusCode).toBe(200);
    for (const text of ["25 × MacBook Pro, Apple", "$62,500", "Anna, anna@example.com", world.agent.id]) {
      expect(page.body).toContain(text);
    }
    expect(page.body).not.toContain("<b>Backend");
    expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");

    const decided = await world.decide({ ...form, decision: "approve" }, cookie);
    expect([decided.statusCode, decided.headers.refresh]).toEqual([200, `1; url=${RETURN_URL}`]);
    const placed = await world.order();
    expect(placed.statusCode).toBe(201);
    expect(placed.json()).toMatchObject({
      status: "placed",
      order_id: "o-1",
      total: 62_500,
      approved_by: IDENTITY,
    });
  });

  test("by an agent whose name is one short line on the page, whatever its length", async () => {
    const world = await createInteractionWorld();
    const { id } = world.agent;
    world.discovery.publish(`${id}/.well-known/aauth-agent`, {
      agent: id,
      jwks_uri: `${id}/jwks.json`,
      redirect_uris: [RETURN_URL],
      name: "Acme\u202e\n \u0000Ltd",
    });
    const { page } = await arrive(world, interactionIn(await world.order()));
    expect(page.body).toContain("calls itself “Acme Ltd”");
  });

  test("declined, it is refused, once; then it is asked about again", async () => {
    const world = await createInteractionWorld();
    const { cookie, form } = await arrive(world, interactionIn(await world.order()));
    await world.decide({ ...form, decision: "decline" }, cookie);
    const refused = await world.order();
    expect([refused.statusCode, refused.json().error]).toEqual([403, "order_declined"]);
    expect((await world.order()).statusCode).toBe(401);
  });

  test("is declined by a person who refuses to identify at the auth server", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const first = await world.open(address);
    const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
    const state = new URL(String(first.headers.location)).searchParams.get("state");
    const back = await world.open(`/interaction/callback?error=access_denied&state=${state}`, cookie);
    expect(back.headers.refresh).toBe(`1; url=${RETURN_URL}`);
    expect((await world.order()).json().error).toBe("order_declined");
  });

  test("the same request meanwhile is sent to the same page", async () => {
    const world = await createInteractionWorld();
    expect(interactionIn(await world.order())).toBe(interactionIn(await world.order()));
    expect(interactionIn(await world.order({ order_id: "o-2" }))).not.toBe(
      interactionIn(await world.order()),
    );
  });
});

test("an agent may order a hundred times a minute, whatever it calls its delegates and its users", async () => {
  const world = await createInteractionWorld();
  const { agent, clock } = world;
  const key = await generateSigningKey({ kid: "worker" });
  const asDelegate = async (delegate: string) => ({
    key,
    jwt: await february2026Tokens.issueAgentToken({
      key: agent.key,
      agent: agent.id,
      delegate,
      confirmationKey: key.publicJwk,
      now: clock.now,
    }),
  });
  for (let index = 0; index < 100; index++) {
    const reply = await world.order({ order_id: `o-${index}` }, await asDelegate(`delegate-${index}`));
    expect(reply.statusCode).toBe(401);
  }
  const refused = [
    await world.order({ order_id: "o-100" }, await asDelegate("delegate-100")),
    await world.order({ order_id: "o-101" }),
  ];
  for (const reply of refused) {
    expect(reply.statusCode).toBe(429);
    expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
    expect(reply.headers).not.toHaveProperty("agent-auth");
    // By this sentence the backend distinguishes it from a limit of the gateway.
    expect(reply.body).toBe("Too many requests for this level");
  }
});

describe("an interaction that is loaded over and over", () => {
  const asked = (world: InteractionWorld) =>
    world.state.asked.filter(({ request_type }) => request_type === "auth").length;
  const begun = async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const first = await world.open(address);
    const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
    const signIn = (reply: typeof first) => new URL(String(reply.headers.location)).searchParams;
    /** The auth server's answer to the sign-in after a reload. */
    const comeBack = async () => {
      const state = signIn(await world.open(address, cookie)).get("state");
      return world.open(`/interaction/callback?code=c-1&state=${state}`, cookie);
    };
    return { world, address, first, cookie, comeBack };
  };

  test("asks the auth server once", async () => {
    const { world, address, first, cookie, comeBack } = await begun();
    const reloads = Array.from({ length: 20 }, () => world.open(address, cookie));
    for (const { statusCode, headers } of await Promise.all(reloads)) {
      expect([statusCode, headers.location]).toEqual([303, first.headers.location]);
    }
    expect(asked(world)).toBe(1);
    expect((await comeBack()).statusCode).toBe(303);
  });

  test("requests again when its earlier request is about to expire", async () => {
    const { world, address, first, cookie } = await begun();
    world.clock.advance(539);
    expect((await world.open(address, cookie)).headers.location).toBe(first.headers.location);
    world.clock.advance(1);
    expect((await world.open(address, cookie)).headers.location).not.toBe(first.headers.location);
    expect(asked(world)).toBe(2);
  });

  test("asks again where the auth server did not answer", async () => {
    const { world, address, cookie, comeBack } = await begun();
    world.state.user = "user-bert";
    await comeBack();
    world.state.down = true;
    expect((await world.open(address, cookie)).statusCode).toBe(502);
    world.state.down = false;
    expect((await world.open(address, cookie)).statusCode).toBe(303);
  });
});

describe("sign-ins that wait at the auth server", () => {
  const openFor = async (world: InteractionWorld, name: string, approver = APPROVER) =>
    world.open(interactionIn(await world.order({ order_id: name, approver })));

  test("are limited to twenty for one person, until one is used or expires", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const first = await world.open(address);
    for (let index = 1; index < 20; index++)
      expect((await openFor(world, `o-${index}-of-20`)).statusCode).toBe(303);
    const refused = await openFor(world, "o-21");
    expect([refused.statusCode, refused.headers.location]).toEqual([429, undefined]);
    expect((await openFor(world, "o-22", "user-bert")).statusCode).toBe(303);

    // An answer without a code, or with one that the auth server does not know, leaves its request
    // pending.
    const state = new URL(String(first.headers.location)).searchParams.get("state")!;
    const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
    world.state.down = true;
    expect((await world.open(`/interaction/callback?code=invented&state=${state}`, cookie)).statusCode).toBe(
      502,
    );
    world.state.down = false;
    expect((await openFor(world, "o-23")).statusCode).toBe(429);

    world.clock.advance(600);
    expect((await openFor(world, "o-24")).statusCode).toBe(303);
  });

  test("end with the person who has signed in", async () => {
    const world = await createInteractionWorld();
    for (let index = 0; index < 30; index++) {
      const { page } = await arrive(world, interactionIn(await world.order({ order_id: `o-${index}` })));
      expect(page.statusCode).toBe(200);
    }
  });

  test("are two hundred at most for the agents of one host, whomever they name", async () => {
    const world = await createInteractionWorld();
    for (let person = 0; person < 20; person++) {
      const address = interactionIn(await world.order({ approver: `user-${person}` }));
      let reply = await world.open(address);
      const cookie = String(reply.headers["set-cookie"]).split(";")[0]!;
      for (let round = 1; round < 10; round++) {
        const state = new URL(String(reply.headers.location)).searchParams.get("state")!;
        world.state.down = true;
        await world.open(`/interaction/callback?code=invented&state=${state}`, cookie);
        world.state.down = false;
        reply = await world.open(address, cookie);
      }
      expect(reply.statusCode).toBe(303);
    }
    expect((await openFor(world, "o-2", "user-20")).statusCode).toBe(429);
    world.clock.advance(600);
    expect((await openFor(world, "o-3", "user-21")).statusCode).toBe(303);
  });
});

describe("the page that asks", () => {
  test("has an address that can be loaded again, in the same browser only", async () => {
    const world = await createInteractionWorld();
    const started = interactionIn(await world.order(), `${RETURN_URL}?state=s-1`);
    const { back, cookie } = await arrive(world, started);
    expect([back.statusCode, back.headers["cache-control"], back.headers["referrer-policy"]]).toEqual([
      303,
      "no-store",
      "no-referrer",
    ]);
    const address = String(back.headers.location);
    const session = new URL(started).searchParams.get("session")!;
    expect(address).toBe(
      `/interaction?${new URLSearchParams({ session, return_url: `${RETURN_URL}?state=s-1` })}`,
    );
    // Back and forward, or F5.
    const again = await world.open(address, cookie);
    expect([again.statusCode, again.body.includes("Approve this order?")]).toEqual([200, true]);
    expect((await world.open(address)).statusCode).toBe(403);
    const other = address.replace("%2Fback", "%2Fother");
    expect((await world.open(other, cookie)).statusCode).toBe(400);
    const token = /name="form_token" value="([^"]+)"/.exec(again.body)?.[1] ?? "";
    await world.decide({ session, form_token: token, decision: "approve" }, cookie);
    expect((await world.order()).statusCode).toBe(201);
  });
});

describe("an interaction that is over", () => {
  const RETURN = `${RETURN_URL}?state=s-1&x="<b>`;
  const LINK = `<a href="${RETURN_URL}?state=s-1&#38;x=&#34;&#60;b&#62;">Go back to backend.localhost:8000</a>`;
  const over = async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order(), RETURN);
    const { cookie, form } = await arrive(world, address);
    return { world, address, cookie, form };
  };
  const shown = ({ statusCode, headers, body }: Awaited<ReturnType<InteractionWorld["open"]>>) => {
    expect([statusCode, headers.refresh, headers.location]).toEqual([400, undefined, undefined]);
    return body.includes(LINK) ? "way back" : /<a\b/.test(body) ? "another link" : "nothing";
  };

  test.each(["decided", "used", "expired"])("because it is %s, offers the way back", async (how) => {
    const { world, address, cookie, form } = await over();
    if (how === "expired") world.clock.advance(601);
    else await world.decide({ ...form, decision: "approve" }, cookie);
    if (how === "used") expect((await world.order()).statusCode).toBe(201);
    const late = { ...form, decision: "approve", return_url: RETURN };
    expect(shown(await world.open(address, cookie))).toBe("way back");
    expect(shown(await world.decide({ ...form, decision: "decline" }, cookie))).toBe("way back");
    // Its cookie does not outlive the interaction, so the address comes from the open page.
    expect(shown(await world.decide(late))).toBe("way back");
  });

  test("offers no other address, and reveals its own to no other caller", async () => {
    const { world, address, cookie, form } = await over();
    await world.decide({ ...form, decision: "decline" }, cookie);
    const elsewhere = new URL(address);
    elsewhere.searchParams.set("return_url", "http://evil.localhost:8000/back");
    expect([400, 403]).toContain((await world.open(elsewhere.href)).statusCode);
    expect((await world.open(elsewhere.href)).body).not.toContain("<a");
    const body = { ...form, decision: "approve" };
    expect(shown(await world.decide(body))).toBe("nothing");
    expect(shown(await world.decide({ ...body, return_url: "http://evil.localhost:8000/back" }))).toBe(
      "nothing",
    );
    expect((await world.order()).statusCode).toBe(403);
    expect(shown(await world.open(elsewhere.href))).toBe("nothing");
    expect(shown(await world.open(elsewhere.href, cookie))).toBe("way back");
    const unknown = new URL(address);
    unknown.searchParams.set("session", "a".repeat(43));
    expect(shown(await world.open(unknown.href, cookie))).toBe("nothing");
  });

  test("offers it at the answer of the auth server, too, in its own browser", async () => {
    for (const isOwn of [true, false]) {
      const world = await createInteractionWorld();
      const address = interactionIn(await world.order(), RETURN);
      const cookie = String((await world.open(address)).headers["set-cookie"]).split(";")[0]!;
      // A sign-in that begins shortly before the expiry returns after it.
      world.clock.advance(570);
      const { location } = (await world.open(address, cookie)).headers;
      const state = new URL(String(location)).searchParams.get("state");
      world.clock.advance(40);
      const reply = await world.open(
        `/interaction/callback?code=c&state=${state}`,
        isOwn ? cookie : undefined,
      );
      expect(shown(reply)).toBe(isOwn ? "way back" : "nothing");
    }
  });
});

describe("an approval", () => {
  const approved = async () => {
    const world = await createInteractionWorld();
    const { cookie, form } = await arrive(world, interactionIn(await world.order()));
    await world.decide({ ...form, decision: "approve" }, cookie);
    return { world, cookie, form };
  };

  test("executes the order once: the same request again gets the first answer", async () => {
    const { world } = await approved();
    const first = await world.order();
    expect(first.statusCode).toBe(201);
    const again = await world.order();
    expect([again.statusCode, again.body]).toEqual([201, first.body]);
    expect((await world.order({ order_id: "o-2" })).statusCode).toBe(401);
    world.clock.advance(86_401);
    expect((await world.order()).statusCode).toBe(401);
  });

  test("is for that order and no other", async () => {
    const { world } = await approved();
    for (const change of [
      { quantity: 26 },
      { model: "Dell XPS" },
      { order_id: "o-2" },
      { approver: "user-bert" },
    ]) {
      expect((await world.order(change)).statusCode).toBe(401);
    }
    expect((await world.order()).statusCode).toBe(201);
  });

  test("is for the key that asked, and not for another of the same agent", async () => {
    const { world } = await approved();
    const jwt = await world.issueAuthToken({ scope: "x" });
    expect((await world.order({}, { jwt })).statusCode).toBe(201);
    const again = await approved();
    const key = await generateSigningKey({ kid: "backend-ephemeral-2" });
    const rotated = await again.world.issueAuthToken({ scope: "x", confirmationKey: key.publicJwk });
    expect((await again.world.order({}, { key, jwt: rotated })).statusCode).toBe(401);
    expect((await again.world.order()).statusCode).toBe(201);
  });

  test("ends after ten minutes", async () => {
    const { world } = await approved();
    world.clock.advance(601);
    expect((await world.order()).statusCode).toBe(401);
  });

  test("cannot be given twice", async () => {
    const { world, cookie, form } = await approved();
    expect((await world.decide({ ...form, decision: "decline" }, cookie)).statusCode).toBe(400);
    expect((await world.order()).statusCode).toBe(201);
  });
});

describe("callers that may order", () => {
  test("refuses a caller without a proven identity", async () => {
    const world = await createInteractionWorld();
    const reply = await world.order({}, { scheme: "hwk" });
    expect([reply.statusCode, reply.headers["agent-auth"]]).toEqual([
      401,
      'httpsig; identity=?1; algs=("ed25519")',
    ]);
  });

  test("refuses a caller whose token is for another user", async () => {
    const world = await createInteractionWorld();
    const jwt = await world.issueAuthToken({ subject: "user-bert" });
    const reply = await world.order({}, { jwt });
    expect([reply.statusCode, reply.json().error]).toEqual([403, "wrong_approver"]);
  });

  test.each([
    ["more than the company spends", { quantity: 41 }, 422],
    ["nothing", { quantity: 0 }, 400],
    ["with more than an order has", { discount: 100 }, 400],
  ])("%s", async (_name, change, status) => {
    const world = await createInteractionWorld();
    const reply = await world.order(change);
    expect(reply.statusCode).toBe(status);
    expect(reply.headers).not.toHaveProperty("agent-auth");
  });
});

describe("the interaction is refused, and leads nowhere", () => {
  test.each([
    ["another host", "http://evil.localhost:8000/back"],
    ["a host that begins alike", "http://backend.localhost:8000.evil.example/back"],
    ["another path of the agent", "http://backend.localhost:8000/elsewhere"],
    ["a path below", "http://backend.localhost:8000/back/../evil"],
    ["credentials", "http://user@backend.localhost:8000/back"],
    ["a fragment", "http://backend.localhost:8000/back#x"],
    ["a script", "javascript:alert(1)"],
    ["nothing", ""],
  ])("back to %s", async (_name, returnUrl) => {
    const world = await createInteractionWorld();
    const reply = await world.open(interactionIn(await world.order(), returnUrl));
    expect([reply.statusCode, reply.headers.location]).toEqual([400, undefined]);
    expect(reply.headers).not.toHaveProperty("refresh");
    expect(reply.headers).not.toHaveProperty("set-cookie");
    expect(world.state.asked).toEqual([]);
  });

  test("without a way back, with two, and with another than before", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    expect((await world.open(address.replace(/&return_url=.*$/, ""))).statusCode).toBe(400);
    expect((await world.open(`${address}&return_url=${RETURN_URL}`)).statusCode).toBe(400);
    const { cookie } = await arrive(world, address);
    expect((await world.open(address.replace("%2Fback", "%2Fother"), cookie)).statusCode).toBe(400);
  });

  test("for an unknown session", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    for (const session of ["", "x", "a".repeat(43)]) {
      const reply = await world.open(address.replace(/session=[\w-]+/, `session=${session}`));
      expect(reply.statusCode).toBe(400);
    }
  });

  test("in another browser: at the page, at the way back from the auth server, and at the decision", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const first = await world.open(address);
    const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
    const [name] = cookie.split("=") as [string];
    for (const other of [undefined, `${name}=${"a".repeat(43)}`, `${name}=`]) {
      expect((await world.open(address, other)).statusCode).toBe(403);
    }
    const state = new URL(String(first.headers.location)).searchParams.get("state");
    expect((await world.open(`/interaction/callback?code=c&state=${state}`)).statusCode).toBe(403);
    // The auth server's answer is used up; the browser that began may sign in again.
    expect((await world.open(`/interaction/callback?code=c&state=${state}`, cookie)).statusCode).toBe(400);
    expect(world.state.asked).toHaveLength(1);

    const other = await createInteractionWorld();
    const arrived = await arrive(other, interactionIn(await other.order()));
    expect((await other.decide({ ...arrived.form, decision: "approve" })).statusCode).toBe(403);
    expect((await other.order()).statusCode).toBe(401);
  });

  test("by another person than the one who must approve", async () => {
    const world = await createInteractionWorld();
    world.state.user = "user-bert";
    const { page, cookie } = await arrive(world, interactionIn(await world.order()));
    expect(page.statusCode).toBe(403);
    expect(page.body).not.toContain("Approve");
    const session = new URL(interactionIn(await world.order())).searchParams.get("session")!;
    expect((await world.decide({ session, form_token: "x", decision: "approve" }, cookie)).statusCode).toBe(
      400,
    );
    expect((await world.order()).statusCode).toBe(401);
  });

  test("when the auth server's token is for another user, names no user, or does not come", async () => {
    const world = await createInteractionWorld();
    world.state.audience = "http://market-analysis-agent.localhost:3000";
    expect((await arrive(world, interactionIn(await world.order()))).page.statusCode).toBe(502);
    world.state.audience = SELF;
    world.state.user = undefined;
    const nobody = await arrive(world, interactionIn(await world.order({ order_id: "o-2" })));
    expect(nobody.page.statusCode).toBe(502);
    world.state.down = true;
    const reply = await world.open(interactionIn(await world.order({ order_id: "o-3" })));
    expect(reply.statusCode).toBe(502);
    expect(reply.body).toContain("did not identify you");
  });

  test("with a code that no request waits for", async () => {
    const world = await createInteractionWorld();
    const { state, cookie } = await arrive(world, interactionIn(await world.order()));
    for (const query of [
      `code=c&state=${state}`,
      "code=c&state=x",
      "code=c",
      `code=c&state=${state}&state=x`,
    ]) {
      expect((await world.open(`/interaction/callback?${query}`, cookie)).statusCode).toBe(400);
    }
  });

  test("CSRF: with a form that was not shown, or without a decision", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const { form, cookie } = await arrive(world, address);
    const reload = await world.open(address, cookie);
    expect(reload.statusCode).toBe(200);
    const forms = [
      { session: form.session, decision: "approve" },
      { ...form, form_token: "", decision: "approve" },
      { ...form, decision: "approve" }, // an older page
    ];
    for (const body of forms) expect((await world.decide(body, cookie)).statusCode).toBe(400);
    const shown = /name="form_token" value="([^"]+)"/.exec(reload.body)?.[1] ?? "";
    for (const decision of ["", "yes"]) {
      const body = { ...form, form_token: shown, decision };
      expect((await world.decide(body, cookie)).statusCode).toBe(400);
    }
    const body = { ...form, form_token: shown, decision: "approve" };
    expect((await world.decide(body, cookie)).statusCode).toBe(200);
  });

  test("before the user has signed in", async () => {
    const world = await createInteractionWorld();
    const address = interactionIn(await world.order());
    const first = await world.open(address);
    const cookie = String(first.headers["set-cookie"]).split(";")[0]!;
    const session = new URL(address).searchParams.get("session")!;
    const reply = await world.decide({ session, form_token: "", decision: "approve" }, cookie);
    expect(reply.statusCode).toBe(400);
  });
});

test("session, code and cookie do not reach the log", async () => {
  const world = await createInteractionWorld();
  const { cookie, form } = await arrive(world, interactionIn(await world.order()));
  await world.decide({ ...form, decision: "approve" }, cookie);
  expect(world.log()).toContain("Order approved by the person");
  for (const secret of [form.session, form.form_token, cookie.split("=")[1]!, "not-needed"]) {
    expect(world.log()).not.toContain(secret);
  }
});

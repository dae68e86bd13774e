/**
 * Agents that use the published demo's dialect, by name: their signatures cover neither body nor
 * nonce (`aauth.published.peers`).
 */

import { describe, expect, test } from "vitest";
import { sentTo, User } from "./journey.ts";
import { type AskOptions, newPair, now, type Party, type Reply } from "./party.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource, nextResource, wish } = world;

/** Signed as by the published agents. */
const PUBLISHED: AskOptions = {
  nonce: null,
  without: ["content-type", "content-digest"],
  tamper: () => ({ headers: { "content-digest": undefined } }),
};

const list = (...peers: string[]) => ({ "aauth.published.peers": JSON.stringify(peers) });

function expectNotCovered(reply: Reply): void {
  expectRefusal(reply, 401, "invalid_signature", { code: "insufficient_coverage", check: "coverage" });
}

const delegate = newPair("delegate-1");
/** A delegate of `owner`, which signs with its own key. */
const asDelegate = (owner: Party): AskOptions => ({
  ...PUBLISHED,
  scheme: { scheme: "jwt", jwt: owner.agentToken(delegate) },
  signingKey: delegate.key,
});

const OWN_TOKEN = "request_type=auth&scope=data.read";

/** The resource exchanges the token that it was called with. */
async function exchange(options: AskOptions, by = resource): Promise<Reply> {
  const upstream = String((await agent.ask(server, wish())).body.auth_token);
  const resource_token = nextResource.resourceToken(server, resource);
  const scheme = { scheme: "jwt", jwt: upstream } as const;
  return by.ask(server, { request_type: "exchange", resource_token }, { ...options, scheme });
}

describe("a listed peer may leave body and nonce uncovered", () => {
  test("when it asks with a resource token", async () => {
    await server.setAttributes(list(nextResource.id, agent.id));
    const { claims } = grantedToken(await agent.ask(server, wish(), PUBLISHED));
    expect(claims).toMatchObject({ aud: resource.id, agent: agent.id });
  });

  test("with a digest that its signature does not cover", async () => {
    await server.setAttributes(list(agent.id));
    const { nonce, without } = PUBLISHED as Required<AskOptions>;
    grantedToken(await agent.ask(server, wish(), { nonce, without }));
  });

  test("from the request token to the code, the refresh and the revocation", async () => {
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, ...list(agent.id) });
    const form = wish({ redirect_uri: agent.callback });
    const { body } = await agent.ask(server, form, PUBLISHED);
    expect(body.request_token).toEqual(expect.any(String));
    const url = `${server.authEndpoint}?request_token=${body.request_token}`;
    const user = new User();
    const { code } = sentTo(await user.decide(await user.openSignedIn(url), "accept")).query;
    const redeemed = { request_type: "code", code: code!, redirect_uri: agent.callback };
    const first = await agent.ask(server, redeemed, PUBLISHED);
    grantedToken(first);
    const refresh_token = String(first.body.refresh_token);
    grantedToken(await agent.ask(server, { request_type: "refresh", refresh_token }, PUBLISHED));
    const revocation = { ...PUBLISHED, url: server.revocationEndpoint };
    expect((await agent.ask(server, { token: refresh_token }, revocation)).status).toBe(200);
    const again = await agent.ask(server, { request_type: "refresh", refresh_token }, PUBLISHED);
    expectRefusal(again, 400, "invalid_grant");
  });

  test("as the agent of the resource token of an exchange", async () => {
    await server.setAttributes(list(resource.id));
    const { claims } = grantedToken(await exchange(PUBLISHED));
    expect(claims).toMatchObject({ agent: resource.id, act: { agent: agent.id } });
  });

  test("as the issuer of an agent token", async () => {
    await server.setAttributes(list(agent.id));
    const { claims } = grantedToken(await agent.ask(server, OWN_TOKEN, asDelegate(agent)));
    expect(claims).toMatchObject({ aud: agent.id, agent_delegate: "worker-7" });
  });
});

describe("refused as ever", () => {
  test("an agent that is not listed, whatever begins like its name", async () => {
    expectNotCovered(await agent.ask(server, wish(), PUBLISHED));
    await server.setAttributes(list(resource.id, `${agent.id}/agent`, agent.id.slice(0, -1)));
    expectNotCovered(await agent.ask(server, wish(), PUBLISHED));
    expectNotCovered(await agent.ask(server, OWN_TOKEN, asDelegate(agent)));
  });

  test("an exchange by an agent that is not listed, for a caller that is", async () => {
    await server.setAttributes(list(agent.id, nextResource.id));
    expectNotCovered(await exchange(PUBLISHED));
  });

  test("a key without a name, also that of a listed peer", async () => {
    await server.setAttributes(list(agent.id));
    expectNotCovered(await agent.ask(server, wish(), { ...PUBLISHED, scheme: { scheme: "hwk" } }));
  });

  test("another key in the name of a listed peer", async () => {
    await server.setAttributes(list(agent.id, resource.id));
    const invalid = { code: "invalid_signature", check: "signature" } as const;
    const signingKey = newPair("x").key;
    for (const reply of [
      await agent.ask(server, wish(), { ...PUBLISHED, signingKey }),
      await agent.ask(server, OWN_TOKEN, { ...asDelegate(agent), signingKey }),
      await exchange({ ...PUBLISHED, signingKey }),
      // Sent by the caller that owns the token.
      await exchange(PUBLISHED, agent),
    ])
      expectRefusal(reply, 401, "invalid_signature", invalid);
  });

  test.each(["@method", "@authority", "@path", "signature-key"])("a listed peer without %s", async (name) => {
    await server.setAttributes(list(agent.id));
    const without = [...PUBLISHED.without!, name];
    expectNotCovered(await agent.ask(server, wish(), { ...PUBLISHED, without }));
  });

  test("a listed peer with a query or a nonce that it does not cover", async () => {
    await server.setAttributes(list(agent.id));
    const url = `${server.tokenEndpoint}?x=1`;
    grantedToken(await agent.ask(server, wish(), { ...PUBLISHED, url }));
    const uncovered = { ...PUBLISHED, url, without: [...PUBLISHED.without!, "@query"] };
    expectNotCovered(await agent.ask(server, wish(), uncovered));
    const nonce = "EBESExQVFhcYGRobHB0eHw";
    const without = [...PUBLISHED.without!, "nonce"];
    expectNotCovered(await agent.ask(server, wish(), { ...PUBLISHED, nonce, without }));
  });

  test("a listed peer with an old signature", async () => {
    await server.setAttributes(list(agent.id));
    const reply = await agent.ask(server, wish(), { ...PUBLISHED, created: now() - 120 });
    expectRefusal(reply, 401, "invalid_signature", { code: "created_out_of_window", check: "created" });
  });
});

describe("a listed peer that covers more", () => {
  test("is bound by it: the body, the nonce, every covered component", async () => {
    await server.setAttributes(list(agent.id));
    const form = wish();
    const twice: readonly [AskOptions, "nonce_replayed" | "signature_replayed"][] = [
      [{ nonce: "ICEiIyQlJicoKSorLC0uLw" }, "nonce_replayed"],
      [{ ...PUBLISHED, nonce: "MDEyMzQ1Njc4OTo7PD0-Pw" }, "nonce_replayed"],
      [{ nonce: null, created: now() - 1 }, "signature_replayed"],
    ];
    for (const [options, code] of twice) {
      grantedToken(await agent.ask(server, form, options));
      const repeated = await agent.ask(server, form, options);
      expectRefusal(repeated, 401, "invalid_signature", { code, check: "replay" });
    }
    const changed = await agent.ask(server, form, { tamper: () => ({ body: OWN_TOKEN }) });
    expectRefusal(changed, 401, "invalid_signature", { code: "digest_mismatch", check: "content-digest" });
  });
});

test("a signature that binds no body is not remembered: two requests of one second may have the same", async () => {
  await server.setAttributes(list(agent.id));
  const created = now();
  for (const form of [wish(), OWN_TOKEN, wish()])
    grantedToken(await agent.ask(server, form, { ...PUBLISHED, created }));
});

test("applies the current list to each request", async () => {
  for (const [peers, granted] of [
    [[agent.id], true],
    [[], false],
    [[resource.id], false],
    [[resource.id, agent.id], true],
  ] as const) {
    await server.setAttributes(list(...peers));
    const reply = await agent.ask(server, wish(), PUBLISHED);
    if (granted) grantedToken(reply);
    else expectNotCovered(reply);
  }
});

test("J20: a used signature stays used when the list changes", async () => {
  const form = wish();
  const options = { nonce: "QEFCQ0RFRkdISUpLTE1OTw" };
  await server.setAttributes(list(resource.id));
  grantedToken(await agent.ask(server, form, options));
  await server.setAttributes(list(nextResource.id));
  const repeated = await agent.ask(server, form, options);
  expectRefusal(repeated, 401, "invalid_signature", { code: "nonce_replayed", check: "replay" });
});

test("J16: a malformed list allows no uncovered body", async () => {
  for (const malformed of [agent.id, `["${agent.id}"`, JSON.stringify([agent.id, `${agent.id}/`]), "[1]"]) {
    await server.setAttributes();
    const change = await server.tryAttributes({ "aauth.published.peers": malformed });
    const reply = await agent.ask(server, wish(), PUBLISHED);
    if (change.ok) expectRefusal(reply, 500, "server_error");
    else expectNotCovered(reply);
  }
});

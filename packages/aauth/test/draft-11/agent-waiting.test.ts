import { describe, expect, it, vi } from "vitest";
import type { Agent, InteractionRequest } from "../../src/agent/index.ts";
import { StillWaitingError, type TokenRequestError } from "../../src/errors.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import type { WaitingCall } from "../../src/types.ts";
import {
  type Answer,
  accepted,
  createWorld,
  DATA,
  deferring,
  failureOf,
  INTERACTION,
  OFFERING,
  problem,
  requirement,
  resourceTokenIn,
  type Sent,
  type World,
} from "./agent-world.ts";
import { A_PERSON, ANY_AGENT, authToken, keys, NOW, PERSON_SERVER, RESOURCE, TO_READ } from "./kit.ts";

const LATER = { "retry-after": "0" };
const httpDate = (seconds: number) => new Date(seconds * 1_000).toUTCString();
const isLook = ({ url }: Sent) => url.includes("/pending/");

/** As a store returns it, without anything that is not plain data. */
const stored = (waiting: WaitingCall): WaitingCall => JSON.parse(JSON.stringify(waiting)) as WaitingCall;

describe("a server that answers later", () => {
  it("is asked again at its Location, without body, with the agent token", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.server = deferring(world.server, 2, requirement("approval"));
    const timeouts = { waitingMs: 20_000 };
    expect((await world.agent({ timeouts }).fetchFor()(DATA)).status).toBe(200);
    expect(world.story()).toEqual([
      "GET data A",
      "POST person A",
      "GET pending/1 A",
      "GET pending/1 A",
      "GET data P",
    ]);
    for (const look of world.sent.filter(isLook))
      expect([look.body, look.headers.prefer]).toEqual([undefined, "wait=5"]);
    const pending = world.events.filter(({ type }) => type === "answer_pending");
    expect(pending).toHaveLength(2);
    expect(pending[0]).toMatchObject({ party: PERSON_SERVER, requirement: "approval" });
  });

  it("is asked again for a requirement that is not known", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, requirement("moon-phase"));
    expect((await world.agent().fetchFor()(DATA)).status).toBe(200);
  });

  /**
   * Seconds of the timers that end at once meanwhile: only those of polls, because all documents
   * are cached.
   */
  async function waitsOf(world: World): Promise<number[]> {
    const waits: number[] = [];
    const { setTimeout: later } = globalThis;
    const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0) => {
      if (!(ms >= 1_000 && ms <= 20_000)) return later(run, ms);
      waits.push(ms / 1_000);
      return later(run, 0);
    }) as typeof setTimeout);
    try {
      const timeouts = { waitingMs: 120_000, tokenRequestMs: 77_777, requestMs: 77_777 };
      expect((await world.agent({ timeouts }).fetchFor()(DATA)).status).toBe(200);
    } finally {
      spy.mockRestore();
    }
    return waits;
  }

  it.each(["server", "resource"] as const)(
    "is polled every 5 s by default, and 5 s later after each slow_down: a %s",
    async (party) => {
      const world = createWorld({ requirement: party === "server" ? A_PERSON : ANY_AGENT });
      await world.agent().fetchFor()(DATA);
      const { [party]: answer } = world;
      const answers = [
        problem(429, "slow_down"),
        problem(429, "slow_down"),
        accepted({ "retry-after": httpDate(NOW + 1) }),
        // The clock of the party is an hour off.
        problem(503, undefined, { date: httpDate(NOW + 3_600), "retry-after": httpDate(NOW + 3_602) }),
      ];
      let first: Sent | undefined;
      world[party] = (request) => {
        if (isLook(request)) return answers.shift() ?? answer(first!);
        first ??= request;
        return Response.json({}, { status: 202, headers: { location: "/pending/1" } });
      };
      world.sent.length = 0;
      expect(await waitsOf(world)).toEqual([5, 10, 15, 11, 12]);
    },
  );

  it.each([
    [0, 1],
    [20_000, 2],
  ])("lets a call use another agent token after %i ms: %i in all", async (lateMs, tokens) => {
    const world = createWorld();
    let asked = 0;
    world.agentToken = (key) => {
      asked++;
      return world.agentTokenOf(key);
    };
    world.server = deferring(world.server, 1);
    let late = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + late);
    const onWaiting = () => {
      late = lateMs;
    };
    const agent = world.agent({ timeouts: { waitingMs: 120_000 } });
    expect((await agent.fetchFor({ onWaiting })(DATA)).status).toBe(200);
    expect(asked).toBe(tokens);
  });

  it("is not followed to another origin", async () => {
    for (const location of ["https://evil.example/pending/1", "https://user@ps.example/pending/1"]) {
      const world = createWorld();
      world.server = () => accepted({ location });
      const error = await failureOf(world.agent().fetchFor()(DATA));
      expect([error.code, error.hop]).toEqual(["token_request_failed", PERSON_SERVER]);
      expect(world.sent.length).toBe(2);
    }
    const world = createWorld();
    world.resource = () => accepted({ location: "https://evil.example/" });
    const error = await failureOf(world.agent().fetchFor()(DATA));
    expect([error.code, error.hop]).toEqual(["challenge_untrusted", RESOURCE]);
  });

  it.each([
    ["denied", 403],
    ["abandoned", 403],
    ["revoked", 403],
    ["expired", 408],
    ["invalid_code", 410],
    ["server_error", 500],
  ])("and then %s ends the call", async (error, status) => {
    const world = createWorld();
    world.server = (request) => (isLook(request) ? problem(status, error) : accepted());
    expect(await failureOf<TokenRequestError>(world.agent().fetchFor()(DATA))).toMatchObject({
      code: "token_request_refused",
      oauthError: error,
      httpStatus: status,
      hop: PERSON_SERVER,
      description: `because of ${error}`,
      section: error === "server_error" ? "draft -11, section 11.9.3" : "draft -11, section 11.9.4",
    });
  });

  it.each([404, 410, 402, 418])("and then has no answer (%i) ends the call", async (status) => {
    const world = createWorld();
    world.server = (request) => (isLook(request) ? problem(status) : accepted());
    const error = await failureOf(world.agent().fetchFor()(DATA));
    expect(error.code).toBe(status === 402 ? "payment_required" : "token_request_failed");
    expect(world.sent.filter(isLook).length).toBe(1);
  });

  it("is no longer polled when the last caller aborts", async () => {
    const world = createWorld();
    world.server = () => accepted();
    const agent = world.agent({ timeouts: { waitingMs: 20_000 } });
    const looks = () => world.sent.filter(isLook).length;
    const [one, two] = [new AbortController(), new AbortController()];
    const reason = new Error("the caller gave up");
    const other = agent
      .fetchFor()(DATA, { signal: two.signal })
      .catch((error: unknown) => error);
    const call = agent
      .fetchFor({ signal: one.signal })(DATA)
      .catch((error: unknown) => error);
    await vi.waitFor(() => expect(looks()).toBeGreaterThan(0), 5_000);
    one.abort(reason);
    expect(await call).toBe(reason);
    const seen = looks();
    await vi.waitFor(() => expect(looks()).toBeGreaterThan(seen + 1), 5_000);
    two.abort(reason);
    expect(await other).toBe(reason);
    const last = looks();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(looks()).toBeLessThanOrEqual(last + 1);
  });
});

describe("a person who has to act", () => {
  it("is brought to the page of their server, once", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 2, INTERACTION);
    const shown: InteractionRequest[] = [];
    const context = {
      onInteraction: (request: InteractionRequest) => void shown.push(request),
      returnUrl: "https://agent.example/back",
    };
    world.requirement = A_PERSON;
    expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
    const page = "https://ps.example/visit?code=A1B2-C3D4&callback=https%3A%2F%2Fagent.example%2Fback";
    const asked = { url: "https://ps.example/visit", code: "A1B2-C3D4", page, party: PERSON_SERVER };
    expect(shown).toEqual([asked]);
    expect(world.events.filter(({ type }) => type === "interaction_required")).toEqual([
      { type: "interaction_required", ...asked, isRelayed: false },
    ]);
    expect(world.asked("/person")).toEqual([{ resource: RESOURCE, capabilities: ["interaction"] }]);
    expect(world.sent[0]?.headers["aauth-capabilities"]).toBe("interaction");
  });

  it("is reached by their server where a resource asks for them, and by the caller where that fails", async () => {
    for (const [status, seen] of [
      [202, 0],
      [424, 1],
      [403, 1],
      [500, 1],
    ] as const) {
      const world = createWorld({ requirement: ANY_AGENT });
      const own = requirement(`interaction; url="https://resource.example/login"; code="WXYZ1234"`);
      let looks = 0;
      world.resource = (request) => (looks++ < 2 ? accepted(own) : world.usual.resource({ ...request }));
      world.server = () => (status === 202 ? accepted() : problem(status, "interaction_unavailable"));
      const shown: InteractionRequest[] = [];
      const response = await world.agent().fetchFor({ onInteraction: (it) => void shown.push(it) })(DATA);
      expect([status, await response.text()]).toEqual([status, "agent-token"]);
      expect(shown.map(({ page }) => page)).toEqual(
        Array(seen).fill("https://resource.example/login?code=WXYZ1234"),
      );
      expect(world.asked("/interaction")).toEqual([
        { type: "interaction", url: "https://resource.example/login", code: "WXYZ1234" },
      ]);
      expect(world.story()).toEqual([
        "GET data A",
        "POST interaction A",
        "GET pending/1 A",
        "GET pending/1 A",
      ]);
    }
  });

  it("is not waited for if they cannot be reached", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, INTERACTION);
    const error = await failureOf<StillWaitingError>(world.agent().fetchFor()(DATA));
    expect(error).toBeInstanceOf(StillWaitingError);
    expect(error.waiting.interaction?.page).toBe("https://ps.example/visit?code=A1B2-C3D4");
    expect(world.sent.filter(isLook).length).toBe(0);
  });

  it("ends the call where the code is malformed or the page has no valid address", async () => {
    for (const parameters of [
      `url="https://ps.example/visit"; code="short"`,
      `url="https://ps.example/visit"; code="A1B2 C3D4 <x>"`,
      `url="http://ps.example/visit"; code="A1B2-C3D4"`,
      `url="https://ps.example/visit?a=b"; code="A1B2-C3D4"`,
      `code="A1B2-C3D4"`,
    ]) {
      const world = createWorld();
      world.server = () => accepted(requirement(`interaction; ${parameters}`));
      const error = await failureOf(world.agent().fetchFor({ onInteraction() {} })(DATA));
      expect([parameters, error.code, error.hop]).toEqual([parameters, "malformed_challenge", PERSON_SERVER]);
      expect(error.section).toMatch(/^draft -11, section 11\.6/);
    }
  });

  it("is named to a resource as reachable where a server may reach them, section 11.7", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    const announced = async (agent: Agent, context = {}) => {
      await agent.fetchFor(context)(DATA);
      return world.sent.at(-1)?.headers["aauth-capabilities"];
    };
    expect(await announced(world.agent())).toBe("interaction");
    const onClarification = async () => ({ action: "cancel" }) as const;
    expect(await announced(world.agent(), { onClarification })).toBe("interaction, clarification");
    // A missing person server, a parent in its place, or the caller's person.
    expect(await announced(world.agent({ personServer: undefined }))).toBeUndefined();
    const parent = () => Promise.reject(new Error("not asked"));
    expect(await announced(world.agent({ parent }))).toBeUndefined();
    const upstreamToken = await authToken();
    expect(await announced(world.agent(), { upstreamToken })).toBeUndefined();
  });

  it("is brought there by a call that can, whatever another one cannot", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const deferred = deferring(world.server, 1, INTERACTION);
    // Both have sent their request before the answer exists.
    world.server = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      return deferred(request);
    };
    const agent = world.agent();
    const cannot = failureOf(agent.fetchFor()(DATA));
    expect((await agent.fetchFor({ onInteraction() {} })(DATA)).status).toBe(200);
    expect((await cannot).code).toBe("grant_pending");
  });

  it("ends the call with the error of the caller's own function", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, INTERACTION);
    const reason = new Error("no browser");
    const call = world.agent().fetchFor({ onInteraction: () => Promise.reject(reason) })(DATA);
    await expect(call).rejects.toBe(reason);
  });
});

describe("a question", () => {
  const QUESTION = {
    status: "pending",
    clarification: "Which **dates**?",
    timeout: 120,
    options: ["March", 4],
  };
  const asking = (serve: Answer, rounds: number, taken: () => Response = accepted): Answer => {
    let first: Sent | undefined;
    let asked = 0;
    return (request) => {
      first ??= request;
      if (request.method === "DELETE") return new Response(null, { status: 204 });
      if (request.method === "POST" && isLook(request)) return taken();
      return asked++ < rounds ? accepted(requirement("clarification"), QUESTION) : serve(first);
    };
  };

  it("of the server is answered, and the answer waited for", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.server = asking(world.server, 2);
    const questions: unknown[] = [];
    const onClarification = async (question: unknown) => {
      questions.push(question);
      return { action: "respond", response: "March" } as const;
    };
    expect((await world.agent().fetchFor({ onClarification })(DATA)).status).toBe(200);
    expect(questions[0]).toEqual({ question: "Which **dates**?", timeoutSeconds: 120, options: ["March"] });
    const answer = world.sent.find((request) => request.method === "POST" && isLook(request));
    expect(answer?.json).toEqual({ action: "clarification_response", clarification_response: "March" });
    expect(answer?.headers["signature-input"]).toContain('"content-digest" "content-type"');
    expect(world.asked("/person")[0]).toMatchObject({ capabilities: ["clarification"] });
  });

  it("is polled where it was asked, if the answer to the reply names no Location", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const taken = accepted();
    taken.headers.delete("location");
    world.server = asking(world.server, 1, () => taken);
    const onClarification = async () => ({ action: "respond", response: "March" }) as const;
    expect((await world.agent().fetchFor({ onClarification })(DATA)).status).toBe(200);
    expect(new Set(world.sent.filter(isLook).map(({ url }) => url)).size).toBe(1);
  });

  it("is answered five times, and then the request is withdrawn", async () => {
    for (const [rounds, status] of [
      [5, 200],
      [6, undefined],
    ] as const) {
      const world = createWorld({ requirement: A_PERSON });
      world.server = asking(world.server, rounds);
      const onClarification = async () => ({ action: "respond", response: "again" }) as const;
      const call = world.agent().fetchFor({ onClarification })(DATA);
      if (status !== undefined) expect((await call).status).toBe(status);
      else expect((await failureOf(call)).code).toBe("request_cancelled");
      expect(world.sent.filter(({ method }) => method === "DELETE").length).toBe(status ? 0 : 1);
    }
  });

  it("is a reason to withdraw", async () => {
    const world = createWorld();
    world.server = asking(world.server, 1);
    const error = await failureOf(
      world.agent().fetchFor({ onClarification: async () => ({ action: "cancel" }) })(DATA),
    );
    expect(error).toMatchObject({ code: "request_cancelled", hop: PERSON_SERVER });
    expect(world.story().at(-1)).toBe("DELETE pending/1 A");
  });

  it("is a reason to ask for less, with another resource token", async () => {
    const world = createWorld({ published: OFFERING });
    world.requirement = { ...TO_READ, scopes: ["data.read", "data.write"] };
    world.resource = async (request) => {
      if (!request.url.endsWith("/authorize")) return world.usual.resource(request);
      world.requirement = TO_READ;
      return Response.json({ resource_token: resourceTokenIn(await world.usual.resource(request)) });
    };
    let asked: Sent;
    world.server = (request) => {
      if (request.url.endsWith("/person")) return world.usual.server(request);
      if (request.method === "GET") return world.usual.server({ ...asked, json: { ...asked.json } });
      asked = request.url.endsWith("/token") ? request : { ...asked, json: request.json };
      return request.url.endsWith("/token") ? accepted(requirement("clarification"), QUESTION) : accepted();
    };
    const onClarification = async () =>
      ({ action: "reduce", scope: "data.read", justification: "less" }) as const;
    // The first request asks for more than is granted; the resource accepts the lower scope.
    expect(await (await world.agent().fetchFor({ onClarification })(DATA)).text()).toBe("auth-token");
    const update = world.sent.find((request) => request.method === "POST" && isLook(request))?.json;
    expect(update).toEqual({
      action: "updated_request",
      justification: "less",
      resource_token: expect.any(String),
      presented_token: world.asked("/token")[0]?.presented_token,
    });
  });

  it("without words, or without an answer, ends the call", async () => {
    const world = createWorld();
    world.server = () => accepted(requirement("clarification"));
    expect((await failureOf(world.agent().fetchFor()(DATA))).code).toBe("token_request_failed");
    world.server = asking(world.server, 1);
    const error = await failureOf<StillWaitingError>(world.agent().fetchFor()(DATA));
    expect(error.waiting.clarification?.question).toBe(QUESTION.clarification);
  });

  it("of the resource is answered as well", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    world.resource = asking(world.usual.resource, 1);
    const onClarification = async () => ({ action: "respond", response: "March" }) as const;
    expect((await world.agent().fetchFor({ onClarification })(DATA)).status).toBe(200);
    expect(world.story()).toEqual(["GET data A", "POST pending/1 A", "GET pending/1 A"]);
  });
});

describe("a resource that answers later", () => {
  it("is polled for its own answer, and may be slow", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    let looks = 0;
    world.resource = (request) => {
      looks++;
      if (looks === 2) return problem(503, undefined, { "retry-after": "0" });
      return looks < 4 ? accepted(LATER) : world.usual.resource(request);
    };
    expect((await world.agent().fetchFor()(DATA)).status).toBe(200);
    expect(looks).toBe(4);
  });

  it.each([403, 408, 410, 500])("and then %i has answered", async (status) => {
    const world = createWorld();
    let looks = 0;
    world.resource = () => (looks++ === 0 ? accepted() : problem(status, "denied"));
    const response = await world.agent().fetchFor()(DATA);
    expect([response.status, await response.json()]).toMatchObject([status, { error: "denied" }]);
    expect(looks).toBe(2);
  });

  it("and then requires payment ends the call", async () => {
    const world = createWorld();
    let looks = 0;
    world.resource = () => (looks++ === 0 ? accepted() : problem(402));
    expect(await failureOf(world.agent().fetchFor()(DATA))).toMatchObject({
      code: "payment_required",
      hop: RESOURCE,
    });
  });

  it("returns a session token that is sent and covered, cached for its key, and replaced", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    const give = (value: string) => async (request: Sent) => {
      const answer = await world.usual.resource(request);
      return new Response(answer.body, { status: answer.status, headers: { "aauth-access": value } });
    };
    const stores = createMemoryStores();
    const agent = world.agent({ stores });
    world.resource = give("s-1");
    await agent.fetchFor()(DATA);
    world.resource = give("s-2");
    await agent.fetchFor()(DATA);
    world.resource = world.usual.resource;
    await agent.fetchFor()(DATA);
    await world.agent({ stores, key: keys.other }).fetchFor()(DATA);
    await agent.fetchFor()(DATA, { headers: { authorization: "Basic eDp5" } });
    expect(world.sent.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "AAuth s-1",
      "AAuth s-2",
      undefined,
      "Basic eDp5",
    ]);
    expect(world.sent[1]?.headers["signature-input"]).toContain('"authorization"');
    expect(world.events.filter(({ type }) => type === "session_received")).toHaveLength(2);
    for (const value of ["", "a b", "a, b", "a\u0007"]) {
      world.resource = () => {
        const answer = new Response("x");
        Object.defineProperty(answer, "headers", {
          value: { get: (name: string) => (name === "aauth-access" ? value : null) },
        });
        return answer;
      };
      expect((await failureOf(agent.fetchFor()(DATA))).code).toBe("malformed_challenge");
    }
  });
});

describe("a call that does not wait", () => {
  const CALL = { method: "POST", body: '{"order":1}', headers: { "content-type": "application/json" } };
  const left = async (agent: Agent, context = {}) => {
    const call = agent.fetchFor({ waiting: "throw", ...context })(DATA, CALL);
    const error = await failureOf<StillWaitingError>(call);
    expect(error).toBeInstanceOf(StillWaitingError);
    return stored(error.waiting);
  };

  it("ends at once with everything needed to resume, in plain JSON", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, { ...INTERACTION, ...LATER });
    const waiting = await left(world.agent(), { cacheKey: "dana", onInteraction: undefined });
    expect(waiting).toMatchObject({
      profile: "draft-11",
      keyThumbprint: keys.agent.thumbprint,
      party: PERSON_SERVER,
      location: `${PERSON_SERVER}/pending/1`,
      nextLookAt: world.clock.time,
      requirement: "interaction",
      interaction: { code: "A1B2-C3D4", page: "https://ps.example/visit?code=A1B2-C3D4" },
      call: { method: "POST", url: DATA, context: { cacheKey: "dana", resource: RESOURCE } },
    });
    expect(world.sent.filter(isLook).length).toBe(0);
    // The request asked for an immediate answer.
    expect(world.sent.at(-1)?.headers.prefer).toBeUndefined();
    expect(world.asked("/person")[0]?.capabilities).toEqual(["interaction", "clarification"]);
  });

  it("continues in another process, through each of its waits", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, { ...INTERACTION, ...LATER });
    let waiting = await left(world.agent());
    // The person token has arrived; the auth token is still pending.
    const error = await failureOf<StillWaitingError>(world.agent().resume(waiting, { waiting: "throw" }));
    waiting = stored(error.waiting);
    expect(world.story().slice(-3)).toEqual(["GET pending/1 A", "POST data P", "POST token A"]);
    const response = await world.agent().resume(waiting);
    expect(await response.text()).toBe("auth-token");
    expect(world.story().slice(-2)).toEqual(["GET pending/1 A", "POST data T"]);
    expect(world.sent.at(-1)?.json).toEqual({ order: 1 });
  });

  it.each([
    [1, "POST person A", 1],
    [3, "POST token A", 0],
  ])("may still wait, and state how another process continues: wait %i", async (wait, asked, later) => {
    const world = createWorld();
    world.server = deferring(world.server, 2, { ...INTERACTION, ...LATER });
    const kept: WaitingCall[] = [];
    const dies = new AbortController();
    const onWaiting = (waiting: WaitingCall) => {
      if (kept.push(stored(waiting)) === wait) dies.abort(new Error("killed"));
    };
    const first = world.agent().fetchFor({ onInteraction: () => {}, onWaiting, signal: dies.signal });
    await expect(first(DATA, CALL)).rejects.toThrow("killed");
    const told = world.story();
    expect(told.at(-1)).toBe(asked);
    const pages: string[] = [];
    const onInteraction = ({ page }: InteractionRequest) => void pages.push(page);
    const answer = await world.agent().resume(kept.at(-1)!, { onInteraction });
    expect(await answer.text()).toBe("auth-token");
    expect(world.story()[told.length]).toBe("GET pending/1 A");
    expect(world.sent.at(-1)?.json).toEqual({ order: 1 });
    // The page of this wait has been shown; that of a later one has not.
    expect(pages).toHaveLength(later);
  });

  it("sends the person to its own page, also beside another call for the same token", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const asked = new Map<string, Sent>();
    const pages: string[] = [];
    world.server = (request) => {
      const known = request.url.split("/pending/")[1];
      const code = known ?? `A1B2-C3D${asked.size + 1}`;
      if (known === undefined) asked.set(code, request);
      else if (pages.includes(code)) return world.usual.server(asked.get(code)!);
      const page = requirement(`interaction; url="https://ps.example/visit"; code="${code}"`);
      return accepted({ ...LATER, ...page, location: `/pending/${code}` });
    };
    const agent = world.agent();
    const onInteraction = ({ code }: InteractionRequest) => void pages.push(code);
    const answers = await Promise.all([1, 2].map(() => agent.fetchFor({ onInteraction })(DATA)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(pages).toEqual(["A1B2-C3D1", "A1B2-C3D2"]);
  });

  it("ends if its state is not stored", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 2, LATER);
    const onWaiting = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error("no room");
    };
    await expect(world.agent().fetchFor({ onWaiting })(DATA)).rejects.toThrow("no room");
    expect(world.sent.filter(isLook)).toEqual([]);
  });

  it("may wait for a resource, and state how another process continues", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    let looks = 0;
    world.resource = (request) =>
      looks++ < 2 ? accepted({ ...LATER, ...requirement("approval") }) : world.usual.resource(request);
    const kept: WaitingCall[] = [];
    const onWaiting = (waiting: WaitingCall) => void kept.push(stored(waiting));
    expect((await world.agent().fetchFor({ onWaiting })(DATA, CALL)).status).toBe(200);
    expect(kept.map(({ party, location }) => [party, location])).toEqual(
      Array(2).fill([RESOURCE, `${RESOURCE}/pending/1`]),
    );
    expect(await (await world.agent().resume(kept[0]!)).text()).toBe("agent-token");
  });

  it("continues with a request that the resource holds", async () => {
    const world = createWorld({ requirement: ANY_AGENT });
    world.resource = () => accepted({ ...LATER, ...requirement("approval") });
    const waiting = await left(world.agent());
    expect(waiting).toMatchObject({ party: RESOURCE, requirement: "approval" });
    const again = await failureOf<StillWaitingError>(world.agent().resume(waiting, { waiting: "throw" }));
    expect(again.waiting.location).toBe(`${RESOURCE}/pending/1`);
    world.resource = (request) => world.usual.resource(request);
    expect(await (await world.agent().resume(stored(again.waiting))).text()).toBe("agent-token");
    expect(world.story()).toEqual(["POST data A", "GET pending/1 A", "GET pending/1 A"]);
  });

  it("continues with the token that a held request requires", async () => {
    const world = createWorld();
    world.resource = async (request) => {
      const answer = await world.usual.resource(request);
      const value = answer.headers.get("aauth-requirement") ?? "";
      if (!value.startsWith("requirement=auth-token")) return answer;
      return accepted({ ...LATER, "aauth-requirement": value });
    };
    const deferred = deferring(world.usual.server, 1, LATER);
    world.server = (request) =>
      request.url.endsWith("/person") ? world.usual.server(request) : deferred(request);
    const waiting = await left(world.agent());
    expect(waiting.party).toBe(PERSON_SERVER);
    expect(await (await world.agent().resume(waiting)).text()).toBe("auth-token");
    expect(world.story().slice(-2)).toEqual(["GET pending/1 A", "GET pending/1 T"]);
  });

  it("uses a token that another call has obtained meanwhile", async () => {
    const world = createWorld();
    const stores = createMemoryStores();
    const agent = world.agent({ stores });
    world.server = deferring(world.usual.server, 1, LATER);
    const waiting = await left(agent);
    world.server = world.usual.server;
    await agent.fetchFor()(DATA);
    const before = world.sent.length;
    expect((await agent.resume(waiting)).status).toBe(200);
    expect(world.sent.slice(before).filter(isLook)).toEqual([]);
  });

  it("does not wait for a call that waits", async () => {
    const world = createWorld();
    const agent = world.agent();
    world.server = deferring(world.server, 3, requirement("approval"));
    const waits = agent.fetchFor()(DATA);
    await left(agent);
    expect((await waits).status).toBe(200);
  });

  /** A person server that asks a question until it is answered. */
  function asking(world: World) {
    const asked = { isAnswered: false };
    let first: Sent;
    world.server = (request) => {
      if (request.method === "GET" && asked.isAnswered) return world.usual.server(first);
      if (request.method === "POST" && isLook(request)) asked.isAnswered = true;
      else if (!isLook(request)) first = request;
      const question = { clarification: "Why?" };
      return asked.isAnswered
        ? accepted(LATER)
        : accepted({ ...LATER, ...requirement("clarification") }, question);
    };
    return asked;
  }
  const onClarification = async () => ({ action: "respond", response: "because" }) as const;
  const answers = (world: World) =>
    world.sent.filter((request) => request.method === "POST" && isLook(request)).map(({ json }) => json);

  it("answers a question when it is resumed and still asked", async () => {
    const world = createWorld({ requirement: A_PERSON });
    asking(world);
    const waiting = await left(world.agent());
    expect(waiting.clarification).toEqual({ question: "Why?" });
    const without = await failureOf<StillWaitingError>(world.agent().resume(waiting));
    expect(without.waiting.clarification).toEqual({ question: "Why?" });
    expect((await world.agent().resume(waiting, { onClarification })).status).toBe(200);
    expect(answers(world)).toEqual([{ action: "clarification_response", clarification_response: "because" }]);
  });

  it("answers no question that is not asked any more, section 7.5.2", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const asked = asking(world);
    const waiting = await left(world.agent());
    asked.isAnswered = true;
    expect((await world.agent().resume(waiting, { onClarification })).status).toBe(200);
    expect(answers(world)).toEqual([]);
  });

  it("answers no question before a look that is answered", async () => {
    const world = createWorld({ requirement: A_PERSON });
    const asked = asking(world);
    const waiting = await left(world.agent());
    asked.isAnswered = true;
    const { server } = world;
    let looks = 0;
    world.server = (request) => {
      // Like a server that has decided and refuses an answer.
      if (isLook(request) && request.method === "POST") return problem(400, "invalid_request");
      return isLook(request) && looks++ === 0 ? problem(503, undefined, LATER) : server(request);
    };
    expect((await world.agent().resume(waiting, { onClarification })).status).toBe(200);
    expect([looks, answers(world)]).toEqual([2, []]);
  });

  it("keeps the question for the next process, where the look before it is refused for now", async () => {
    const world = createWorld({ requirement: A_PERSON });
    asking(world);
    const waiting = await left(world.agent());
    const { server } = world;
    world.server = (request) => (isLook(request) ? problem(503, undefined, LATER) : server(request));
    const context = { onClarification, waiting: "throw" } as const;
    const error = await failureOf<StillWaitingError>(world.agent().resume(waiting, context));
    expect([error.waiting.clarification, answers(world)]).toEqual([{ question: "Why?" }, []]);
    world.server = server;
    expect((await world.agent().resume(stored(error.waiting), { onClarification })).status).toBe(200);
    expect(answers(world)).toHaveLength(1);
  });

  it("still answers a question, and ends instead of waiting for the outcome", async () => {
    const world = createWorld({ requirement: A_PERSON });
    asking(world);
    const waiting = await left(world.agent(), { onClarification });
    expect([waiting.clarification, answers(world).length]).toEqual([undefined, 1]);
    expect((await world.agent().resume(waiting)).status).toBe(200);
  });

  it("ends in time where a server holds each request as long as it may", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.server = async ({ headers }) => {
      const [, seconds = 0] = /^wait=(\d+)$/.exec(headers.prefer ?? "") ?? [];
      await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
      return accepted({ "retry-after": "0" });
    };
    const begun = performance.now();
    const call = world.agent({ timeouts: { waitingMs: 1_500 } }).fetchFor()(DATA);
    expect((await failureOf(call)).code).toBe("grant_pending");
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(world.sent.find(({ headers }) => headers.prefer !== undefined)?.headers.prefer).toBe("wait=1");
  });

  it("ends with the state when it has waited long enough, and respects the time of the next look", async () => {
    const world = createWorld({ requirement: A_PERSON });
    world.server = deferring(world.server, 1, { ...requirement("approval"), "retry-after": "7" });
    const call = world.agent({ timeouts: { waitingMs: 50 } }).fetchFor()(DATA);
    const { waiting } = await failureOf<StillWaitingError>(call);
    expect(waiting.nextLookAt).toBe(world.clock.time + 7);
    const early = await failureOf(world.agent({ timeouts: { waitingMs: 50 } }).resume(stored(waiting)));
    expect(early.code).toBe("grant_pending");
    expect(world.sent.filter(isLook)).toEqual([]);
    world.clock.time += 7;
    expect((await world.agent().resume(stored(waiting))).status).toBe(200);
  });

  it("reports that the key is missing", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, LATER);
    const waiting = await left(world.agent());
    const before = world.sent.length;
    const error = await failureOf(world.agent({ key: keys.other }).resume(waiting));
    expect([error.code, world.sent.length]).toEqual(["waiting_key_gone", before]);
  });

  it("is not continued at another origin, whatever its state contains", async () => {
    const world = createWorld();
    world.server = deferring(world.server, 1, LATER);
    const waiting = JSON.parse(
      JSON.stringify(await left(world.agent())).replaceAll("ps.example/pending", "evil.example/pending"),
    );
    const error = await failureOf(world.agent().resume(waiting));
    expect(error.code).toBe("token_request_failed");
    expect(world.sent.some(({ url }) => url.includes("evil"))).toBe(false);
    await expect(world.agent().resume({ ...waiting, profile: "other" })).rejects.toThrow(TypeError);
    await expect(world.agent().resume(null as never)).rejects.toThrow(TypeError);
    expect(() => world.agent().fetchFor({ waiting: "later" as never })).toThrow(TypeError);
  });
});

it("an observer receives each step, and never a whole token", async () => {
  const world = createWorld();
  world.server = deferring(world.server, 1, INTERACTION);
  await world.agent().fetchFor({ onInteraction() {} })(DATA);
  expect(
    world.events.filter(({ type }) => !/request_signed|response_received/.test(type)).map(({ type }) => type),
  ).toEqual([
    "challenge_received",
    "token_requested",
    "answer_pending",
    "interaction_required",
    "token_received",
    "request_retried",
    "challenge_received",
    "token_requested",
    "answer_pending",
    "interaction_required",
    "token_received",
    "request_retried",
  ]);
  const text = JSON.stringify(world.events);
  for (const { jwt } of world.sent) expect(text).not.toContain(jwt);
});

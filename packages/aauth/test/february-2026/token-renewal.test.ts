import { afterEach, describe, expect, it, vi } from "vitest";
import type { AgentOptions } from "../../src/agent/index.ts";
import { createTokenCache } from "../../src/agent/token-cache.ts";
import { createClaims, type FebruaryToken } from "../../src/february-2026/renewal.ts";
import type { ObtainedToken } from "../../src/profile/token-requests.ts";
import type { RecordStore } from "../../src/store/record-store.ts";
import { createWorld } from "../agent/world.ts";
import { inStores, outsideStore } from "../store/outside-store.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

afterEach(() => vi.restoreAllMocks());

/**
 * Processes of one agent with a user's grant in a common store, and an issuer that accepts each
 * refresh token once.
 */
async function createProcesses() {
  const world = await createWorld();
  const { clock, authServer } = world.parties;
  const kept = outsideStore<ObtainedToken>({ now: clock.now });
  /** Refresh tokens in the order of their use. */
  const used: string[] = [];
  let issued = 0;
  world.tokenEndpoint = async ({ form }) => {
    if (form.request_type === "refresh") {
      // RFC 9700, section 4.14.2: a second use of a refresh token ends the tokens issued with it.
      const isSecond = used.includes(form.refresh_token!);
      used.push(form.refresh_token!);
      if (isSecond) return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    const auth_token = await world.parties.issueAuthToken({
      subject: "alice",
      scope: "supply-chain:optimize",
    });
    return Response.json({ auth_token, expires_in: 300, refresh_token: `r-${++issued}` });
  };
  /** A call of a process, which shares the others' store of tokens. */
  const createProcess = (store: RecordStore<ObtainedToken> = kept, more: Partial<AgentOptions> = {}) => {
    const agent = world.agent({ stores: inStores(store), ...more });
    return async () => (await agent.fetchFor({ cacheKey: "alice" })(URL_ROOT)).status;
  };
  const { token } = await world
    .agent({ stores: inStores(kept) })
    .redeemCode({ authServer: authServer.issuer, code: "c", cacheKey: "alice" });
  const working = world.resource;
  /** The resource refuses the token of the grant without a requirement. */
  const refuseFirst = () => {
    world.resource = (request) =>
      request.headers["signature-key"]?.includes(token)
        ? new Response("", { status: 401, headers: { "agent-auth": "httpsig" } })
        : working(request);
  };
  /** Holds renewal requests back until `answer` is called, and then answers as `how` states. */
  const holdRenewal = () => {
    const asked = Promise.withResolvers<void>();
    const { promise, resolve: answer } = Promise.withResolvers<"as usual" | "not at all">();
    const usual = world.tokenEndpoint;
    world.tokenEndpoint = async (request) => {
      if (request.form.request_type !== "refresh") return usual(request);
      world.tokenEndpoint = usual;
      asked.resolve();
      if ((await promise) === "as usual") return usual(request);
      throw new Error("away");
    };
    return { asked: asked.promise, answer };
  };
  return { world, clock, kept, used, createProcess, refuseFirst, holdRenewal };
}

/** A store that runs something before each write of the process. */
function interrupted(store: RecordStore<ObtainedToken>, before: () => Promise<unknown>) {
  return {
    ...store,
    put: async (...args: Parameters<typeof store.put>) => {
      await before();
      return store.put(...args);
    },
    update: async (...args: Parameters<typeof store.update>) => {
      await before();
      return store.update(...args);
    },
  };
}

/** Advances the processes' monotonic time, independently of the clock. */
function passSeconds(seconds: number): void {
  const before = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => before() + seconds * 1000);
}

/** Runs a function at the first call only. */
function once(run: () => Promise<unknown>) {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await run();
  };
}

describe("V58: a refresh token that its issuer accepts once", () => {
  it("is used by one of two processes, and both continue with the new token", async () => {
    const { clock, used, createProcess } = await createProcesses();
    const calls = [createProcess(), createProcess()];
    for (let round = 1; round <= 2; round++) {
      clock.advance(300);
      expect(await Promise.all(calls.map((call) => call()))).toEqual([200, 200]);
      expect(used).toHaveLength(round);
    }
    expect(used).toEqual(["r-1", "r-2"]);
  });

  it("that is refused is used once, and dropped by both", async () => {
    const world = await createWorld();
    const { clock, authServer } = world.parties;
    const kept = outsideStore<ObtainedToken>({ now: clock.now });
    const agents = [1, 2].map(() => world.agent({ stores: inStores(kept) }));
    const working = world.tokenEndpoint;
    world.tokenEndpoint = async () => {
      const auth_token = await world.parties.issueAuthToken({ subject: "alice" });
      return Response.json({ auth_token, expires_in: 300, refresh_token: "r-1" });
    };
    await agents[0]!.redeemCode({ authServer: authServer.issuer, code: "c", cacheKey: "alice" });
    clock.advance(270);
    world.tokenEndpoint = (request) =>
      request.form.request_type === "refresh"
        ? Response.json({ error: "invalid_grant" }, { status: 400 })
        : working(request);
    const before = world.story().length;
    await Promise.all(agents.map((agent) => agent.fetchFor({ cacheKey: "alice" })(URL_ROOT)));
    expect(
      world
        .story()
        .slice(before)
        .filter((line) => line.startsWith("token refresh")),
    ).toHaveLength(1);
  });

  it("is used once where two processes discard the token that it came with", async () => {
    const { used, kept, clock, createProcess, refuseFirst } = await createProcesses();
    refuseFirst();
    const first = createProcess();
    // The first process renews the token between the second's read and write.
    const second = createProcess(interrupted(kept, once(first)));
    expect(await second()).toBe(200);
    clock.advance(300);
    expect(await second()).toBe(200);
    expect(used).toEqual(["r-1", "r-2"]);
  });

  it("stays claimed by one process while another discards the token that it came with", async () => {
    const { used, kept, createProcess, refuseFirst, holdRenewal } = await createProcesses();
    refuseFirst();
    const first = createProcess();
    const renewal = holdRenewal();
    let running: Promise<number> | undefined;
    const meanwhile = once(async () => {
      running = first();
      await renewal.asked;
      setTimeout(() => renewal.answer("as usual"), 150);
    });
    expect(await createProcess(interrupted(kept, meanwhile))()).toBe(200);
    expect(await running).toBe(200);
    expect(used).toEqual(["r-1"]);
  });

  it("is not restored if the process that used it had lost its claim", async () => {
    const { used, clock, createProcess, holdRenewal } = await createProcesses();
    clock.advance(270);
    const renewal = holdRenewal();
    const late = createProcess()();
    await renewal.asked;
    const other = createProcess();
    expect(await other()).toBe(200);
    passSeconds(20);
    expect(await other()).toBe(200);
    expect(used).toEqual(["r-1"]);
    renewal.answer("not at all");
    await late;
    clock.advance(300);
    expect(await other()).toBe(200);
    expect(used).toEqual(["r-1", "r-2"]);
  });

  it("is not restored by the process that has waited for the new token", async () => {
    const { used, kept, clock, createProcess, holdRenewal } = await createProcesses();
    const first = createProcess();
    clock.advance(300);
    const renewal = holdRenewal();
    const running = first();
    await renewal.asked;
    const renewOnceMore = once(async () => {
      clock.advance(300);
      await first();
    });
    const put: typeof kept.put = async (...args) => {
      await renewOnceMore();
      return kept.put(...args);
    };
    const second = createProcess({ ...kept, put });
    setTimeout(() => renewal.answer("as usual"), 50);
    expect(await second()).toBe(200);
    await running;
    clock.advance(300);
    expect(await first()).toBe(200);
    expect(new Set(used).size).toBe(used.length);
  });

  it("is stored even if the call that requested it is aborted", async () => {
    const { world, used, kept, clock, createProcess, holdRenewal } = await createProcesses();
    clock.advance(300);
    const renewal = holdRenewal();
    const caller = new AbortController();
    const agent = world.agent({ stores: inStores(kept) });
    const given = agent.fetchFor({ cacheKey: "alice", signal: caller.signal })(URL_ROOT);
    await renewal.asked;
    caller.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    renewal.answer("as usual");
    expect(await createProcess()()).toBe(200);
    clock.advance(300);
    expect(await createProcess()()).toBe(200);
    expect(used).toEqual(["r-1", "r-2"]);
  });

  it("V58b: a resumed process does not release the claim of its successor", async () => {
    const kept = outsideStore<ObtainedToken>();
    const process = () => createClaims(createTokenCache(kept, () => Date.now() / 1000));
    const [first, second, third] = [process(), process(), process()];
    const more = { renewAt: 0, expiresAt: 0, scope: "", thumbprint: "" };
    const continuation = { refreshToken: "r-1" };
    const token = { server: "https://ps.example", token: "t", continuation, ...more };
    await kept.put("a", token, { owner: "alice", ttlSeconds: 60 });
    const claim = (await first.claim("a", "r-1", 20))!;
    expect(await second.claim("a", "r-1", 20)).toBeUndefined();
    passSeconds(21);
    expect(await second.claim("a", "r-1", 20)).toBeDefined();
    await first.release("a", claim);
    expect(await third.claim("a", "r-1", 20)).toBeUndefined();
  });

  it("is not claimed in place of a claim that was released, which asks its issuer again", async () => {
    const kept = outsideStore<ObtainedToken>();
    const claims = createClaims(createTokenCache(kept, () => Date.now() / 1000));
    const more = { renewAt: 0, expiresAt: 0, scope: "", thumbprint: "" };
    const continuation = { refreshToken: "r-1" };
    const token = { server: "https://ps.example", token: "t", continuation, ...more };
    await kept.put("a", token, { owner: "alice", ttlSeconds: 60 });
    const claim = (await claims.claim("a", "r-1", 20))!;
    await claims.release("a", claim);
    expect(await claims.claim("a", "r-1", 20, claim)).toBeUndefined();
    expect(await claims.claim("a", "r-1", 20)).toBeDefined();
  });

  it("is not asked for again while a slow token request may still be answered", async () => {
    const { used, clock, kept, createProcess, holdRenewal } = await createProcesses();
    const slow = { timeouts: { tokenRequestMs: 60_000 } };
    clock.advance(270);
    const renewal = holdRenewal();
    const first = createProcess(kept, slow)();
    await renewal.asked;
    const second = createProcess(kept, slow);
    expect(await second()).toBe(200);
    passSeconds(25);
    expect(await second()).toBe(200);
    renewal.answer("as usual");
    expect(await first).toBe(200);
    expect(used).toEqual(["r-1"]);
  });
});

describe("a process whose token another process renews", () => {
  it("presents it while it is valid", async () => {
    const { world, clock, createProcess, holdRenewal } = await createProcesses();
    clock.advance(270);
    const renewal = holdRenewal();
    const first = createProcess()();
    await renewal.asked;
    const before = world.sent.length;
    expect(await createProcess()()).toBe(200);
    expect(world.story().slice(before)).toEqual(["resource jwt"]);
    renewal.answer("as usual");
    expect(await first).toBe(200);
  });

  it("waits for the new one once the resource has refused it", async () => {
    const { world, used, createProcess, refuseFirst, holdRenewal } = await createProcesses();
    refuseFirst();
    const renewal = holdRenewal();
    const first = createProcess()();
    await renewal.asked;
    const before = world.sent.length;
    setTimeout(() => renewal.answer("as usual"), 150);
    expect(await Promise.all([first, createProcess()()])).toEqual([200, 200]);
    expect(world.story().slice(before)).toEqual(["resource jwt", "resource jwt"]);
    expect(used).toEqual(["r-1"]);
  });

  it("does not ask an issuer that has just not answered the other", async () => {
    const { world, clock, createProcess, holdRenewal } = await createProcesses();
    clock.advance(300);
    const renewal = holdRenewal();
    const first = createProcess()();
    await renewal.asked;
    world.tokenEndpoint = () => Promise.reject(new Error("away"));
    const second = createProcess()();
    setTimeout(() => renewal.answer("not at all"), 150);
    await Promise.allSettled([first, second]);
    expect(world.story().filter((line) => line.startsWith("token refresh"))).toHaveLength(1);
  });

  it("V62: waits for it, however far ahead its own clock is", async () => {
    const { clock, kept, used, createProcess, refuseFirst, holdRenewal } = await createProcesses();
    refuseFirst();
    const renewal = holdRenewal();
    const first = createProcess()();
    await renewal.asked;
    const second = createProcess(kept, { now: () => clock.now() + 50 })();
    setTimeout(() => renewal.answer("as usual"), 250);
    expect(await Promise.all([first, second])).toEqual([200, 200]);
    expect(used).toEqual(["r-1"]);
  });

  it("V62: renews it where the other has ended, however far ahead the clock of that one was", async () => {
    const { clock, kept, used, createProcess, refuseFirst, holdRenewal } = await createProcesses();
    refuseFirst();
    const renewal = holdRenewal();
    const ended = createProcess(kept, { now: () => clock.now() + 50 })();
    await renewal.asked;
    let time = performance.now();
    const measured = vi.spyOn(performance, "now").mockImplementation(() => (time += 500));
    const from = time;
    expect(await createProcess()()).toBe(200);
    expect(time - from).toBeLessThan(25_000);
    expect(used).toEqual(["r-1"]);
    measured.mockRestore();
    renewal.answer("not at all");
    await ended;
  });

  it("waits no longer than a renewal takes, even if claims follow each other", async () => {
    const { kept, clock, used, createProcess } = await createProcesses();
    clock.advance(300);
    let claims = 0;
    const store = {
      ...kept,
      async get(name: string) {
        const found = (await kept.get(name)) as FebruaryToken | undefined;
        if (found?.continuation?.refreshToken !== "r-1") return found;
        return { ...found, continuation: { refreshToken: "r-1", claim: `claim ${++claims}` } };
      },
      update: async (name: string) => kept.get(name),
    };
    let time = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => (time += 5_000));
    expect(await createProcess(store)()).toBe(200);
    expect(used).toEqual([]);
  });
});

/**
 * A2A over draft -11: an agent whose work needs a person, and its caller, over requests in memory.
 */

import {
  agentProviderMetadata,
  createMemoryStores,
  draft11,
  generateSigningKey,
  type SigningKey,
  type Stores,
  toJwks,
  type WaitingCall,
} from "aauth";
import { createAgent, type InteractionRequest, type Transport } from "aauth/agent";
import { createTestDiscovery } from "aauth/testing";
import { askAgent, createTextExecutor } from "aauth-a2a";
import type { FastifyInstance } from "fastify";
import { agentRow } from "topology";
import { afterEach, expect, test } from "vitest";
import { agentSettings, type CallInteraction, caller as callers, createAgentService } from "../src/index.ts";
import { loadConfig } from "../src/service/config/index.ts";
import { createLogger } from "../src/service/index.ts";

const SELF = "https://supply-chain-agent.localhost";
const CALLER = "https://backend.localhost";
const PAGE = "https://person-server.localhost/interaction?code=ABCD-EFGH-JKMN";
const BROWSER = "http://localhost:8080";

/** Ends an attempt at the work like a call that waits for the caller's person. */
function waitAt(person: CallInteraction, page: string): never {
  const interaction = { url: page, code: page, page, party: new URL(page).origin };
  person.control.onInteraction(interaction);
  person.control.onWaiting({ location: page } as WaitingCall);
  throw new Error("the attempt goes on");
}

type Work = (person: CallInteraction) => Promise<string>;

/** State that outlives a process of the agent. */
interface Kept {
  readonly key: SigningKey;
  readonly stores: Stores;
}

async function kept(): Promise<Kept> {
  return { key: await generateSigningKey({ kid: "caller-1" }), stores: createMemoryStores() };
}

/** A caller and one process of an agent that does some work. */
async function parties(work: Work, { key, stores }: Kept) {
  const log: string[] = [];
  const logger = createLogger({
    service: "test",
    level: "error",
    destination: { write: (line) => log.push(line) },
  });
  const documents: Record<string, unknown> = {
    [`${CALLER}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer: CALLER }),
    [`${CALLER}/jwks.json`]: toJwks([key]),
  };
  const discovery = createTestDiscovery({ documents });
  const agent = agentRow("supply-chain-agent");
  const { app } = await createAgentService({
    agent,
    config: loadConfig({
      service: "test",
      settings: agentSettings(agent),
      env: {
        AAUTH_PROFILE: "draft-11",
        AAUTH_MODE: "agent-identity",
        SUPPLY_CHAIN_AGENT_ID_URL: SELF,
        AAUTH_ENDPOINTS: `https://person-server.localhost=http://127.0.0.1:8080,${BROWSER}`,
      },
      argv: [],
    }),
    deps: { logger, discovery, stores },
    card: { name: "Test", description: "", version: "1", skills: [] },
    executor: () =>
      createTextExecutor({
        async answer({ context }) {
          const person = callers.person(context)!;
          try {
            return await work(person);
          } catch (error) {
            if (person.isInterrupted()) return "";
            throw error;
          }
        },
      }),
  });
  const polls: string[] = [];
  const transport: Transport = async (url, { method, headers, body }) => {
    const { pathname, search, host } = new URL(url);
    if (method === "GET") polls.push(pathname);
    return answered(
      await app.inject({
        method: method as "GET",
        url: `${pathname}${search}`,
        headers: { ...headers, host },
        ...(body && { payload: Buffer.from(body) }),
      }),
    );
  };
  const asking = createAgent({
    id: "aauth:user-1@backend.localhost",
    profile: draft11,
    key,
    discovery,
    transport,
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  closers.push(() => app.close());
  return { app, asking, polls, log };
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Injected = Awaited<ReturnType<FastifyInstance["inject"]>>;
const answered = (reply: Injected) =>
  new Response(reply.body === "" ? null : reply.body, {
    status: reply.statusCode,
    headers: Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)])),
  });

const opened = (app: FastifyInstance, { page }: Pick<InteractionRequest, "page">) => {
  const { pathname, search } = new URL(page);
  return app.inject(`${pathname}${search}`);
};

test("a caller of an agent that waits for a person polls, and its person is sent on to the page", async () => {
  const decided = Promise.withResolvers<void>();
  const { app, asking, polls, log } = await parties(
    async (person) => {
      if (person.waiting === undefined) waitAt(person, PAGE);
      await decided.promise;
      return "# Report";
    },
    await kept(),
  );
  const seen: string[] = [];
  const fetch = asking.fetchFor({
    returnUrl: "http://localhost:8000/back?run=1",
    async onInteraction(request) {
      seen.push(request.party, new URL(request.page).origin);
      const shown = await opened(app, request);
      const { origin, searchParams } = new URL(String(shown.headers.location));
      expect(shown.statusCode).toBe(302);
      expect([origin, Object.fromEntries(searchParams)]).toEqual([
        BROWSER,
        { code: "ABCD-EFGH-JKMN", callback: "http://localhost:8000/back?run=1" },
      ]);
      // A code is valid once.
      expect((await opened(app, request)).statusCode).toBe(410);
      decided.resolve();
    },
  });
  expect(await askAgent(SELF, "go", { fetch })).toMatchObject({ text: "# Report" });
  expect(seen).toEqual([SELF, SELF]);
  expect(polls[0]).toMatch(/^\/aauth\/pending\/[\w-]{22}$/);
  expect(log).toEqual([]);
});

/** Work that needs the person at two pages, one after the other. */
function twoPages() {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work: Work = async (person) => {
    const { waiting } = person;
    if (waiting === undefined) waitAt(person, `${PAGE}&step=0`);
    const isFirst = waiting.location.endsWith("0");
    await steps[isFirst ? 0 : 1]!.promise;
    return isFirst ? waitAt(person, `${PAGE}&step=1`) : "# Report";
  };
  return { steps, work };
}

test("a person who is needed again is sent to the next page", async () => {
  const { steps, work } = twoPages();
  const { app, asking } = await parties(work, await kept());
  const pages: string[] = [];
  const fetch = asking.fetchFor({
    async onInteraction(request) {
      pages.push(String((await opened(app, request)).headers.location));
      steps[pages.length - 1]!.resolve();
    },
  });
  expect(await askAgent(SELF, "go", { fetch })).toMatchObject({ text: "# Report" });
  expect(pages.map((page) => new URL(page).searchParams.get("step"))).toEqual(["0", "1"]);
});

test("another process of the agent opens the page, waits on, and answers", async () => {
  const shared = await kept();
  const { steps, work } = twoPages();
  const first = await parties((person) => Promise.race([work(person), aborted(person)]), shared);
  const ended = new AbortController();
  let process = first;
  const takenOver: boolean[] = [];
  const waiting: WaitingCall[] = [];
  const pending = first.asking.fetchFor({
    signal: ended.signal,
    onWaiting(call) {
      waiting.push(call);
      throw new Error("the caller's process ends, too");
    },
    onInteraction: () => {},
  });
  await expect(askAgent(SELF, "go", { fetch: pending })).rejects.toThrow("the caller's process ends, too");
  await first.app.close();

  process = await parties((person) => {
    takenOver.push(person.isTakenOver);
    return work(person);
  }, shared);
  const { page } = waiting[0]!.interaction!;
  const pages = [String((await opened(process.app, { page })).headers.location)];
  const resumed = process.asking.resume(waiting[0]!, {
    async onInteraction(request) {
      pages.push(String((await opened(process.app, request)).headers.location));
      steps[1]!.resolve();
    },
  });
  steps[0]!.resolve();
  expect(await (await resumed).text()).toContain("# Report");
  expect(pages.map((at) => new URL(at).searchParams.get("step"))).toEqual(["0", "1"]);
  expect(takenOver).toEqual([true, false]);
});

const aborted = ({ control: { signal } }: CallInteraction) =>
  new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

test("an error after the wait reaches the caller as that of any call, without its text", async () => {
  const decided = Promise.withResolvers<void>();
  const { asking } = await parties(
    async (person) => {
      if (person.waiting === undefined) waitAt(person, PAGE);
      await decided.promise;
      throw new Error("secret detail");
    },
    await kept(),
  );
  const fetch = asking.fetchFor({ onInteraction: () => decided.resolve() });
  await expect(askAgent(SELF, "go", { fetch })).rejects.toMatchObject({ rpcCode: -32603 });
});

test("only a callback on loopback is passed on, and only a code that is known opens a page", async () => {
  const { app, asking } = await parties(
    async (person) => {
      if (person.waiting === undefined) waitAt(person, PAGE);
      return new Promise(() => {});
    },
    await kept(),
  );
  const end = new AbortController();
  const fetch = asking.fetchFor({
    signal: end.signal,
    returnUrl: "https://elsewhere.example/back",
    async onInteraction(request) {
      const { location } = (await opened(app, request)).headers;
      expect(new URL(String(location)).searchParams.has("callback")).toBe(false);
      end.abort(new Error("enough"));
    },
  });
  await expect(askAgent(SELF, "go", { fetch })).rejects.toThrow("enough");
  for (const query of ["", "?code=", "?code=AAAA-BBBB-CCCC", "?code=a&code=b"])
    expect((await app.inject(`/interaction${query}`)).statusCode).toBe(410);
});

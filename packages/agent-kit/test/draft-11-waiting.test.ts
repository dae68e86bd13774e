/** A2A over draft -11: an agent whose work needs a person, and its caller, over requests in memory. */

import { agentProviderMetadata, draft11, generateSigningKey, toJwks } from "aauth";
import { createAgent, type InteractionRequest, type Transport } from "aauth/agent";
import { createTestDiscovery } from "aauth/testing";
import type { FastifyInstance } from "fastify";
import { agentRow } from "topology";
import { expect, test } from "vitest";
import { askAgent, createTextExecutor } from "../src/a2a/index.ts";
import { agentSettings, caller as callers, createAgentService } from "../src/index.ts";
import { createLogger, loadConfig } from "../src/service/index.ts";

const SELF = "https://supply-chain-agent.localhost";
const CALLER = "https://backend.localhost";
const PAGE = "https://person-server.localhost/interaction?code=ABCD-EFGH-JKMN";
const BROWSER = "http://localhost:8080";

/** @param work of the agent; `bring` sends the caller's person to a page */
async function parties(work: (bring: (page: string) => void) => Promise<string>) {
  const logger = createLogger({ service: "test", level: "silent" });
  const key = await generateSigningKey({ kid: "caller-1" });
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
    deps: { logger, discovery },
    card: { name: "Test", description: "", version: "1", skills: [] },
    executor: () => createTextExecutor({ answer: ({ context }) => work(callers.bringPerson(context)!) }),
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
    trustedAuthServers: [],
    discovery,
    transport,
  });
  return { app, asking, polls };
}

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
  const { app, asking, polls } = await parties(async (bring) => {
    bring(PAGE);
    await decided.promise;
    return "# Report";
  });
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
      // A code is good once.
      expect((await opened(app, request)).statusCode).toBe(410);
      decided.resolve();
    },
  });
  expect(await askAgent(SELF, "go", { fetch })).toMatchObject({ text: "# Report" });
  expect(seen).toEqual([SELF, SELF]);
  expect(polls[0]).toMatch(/^\/aauth\/pending\/[\w-]{22}$/);
});

test("a person who is needed again is sent to the next page", async () => {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { app, asking } = await parties(async (bring) => {
    for (const [index, { promise }] of steps.entries()) {
      bring(`${PAGE}&step=${index}`);
      await promise;
    }
    return "# Report";
  });
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

test("an error after the wait reaches the caller as that of any call, without its text", async () => {
  const decided = Promise.withResolvers<void>();
  const { asking } = await parties(async (bring) => {
    bring(PAGE);
    await decided.promise;
    throw new Error("secret detail");
  });
  const fetch = asking.fetchFor({ onInteraction: () => decided.resolve() });
  await expect(askAgent(SELF, "go", { fetch })).rejects.toMatchObject({ rpcCode: -32603 });
});

test("only a callback on loopback goes along, and only a code that is known opens a page", async () => {
  const { app, asking } = await parties(async (bring) => {
    bring(PAGE);
    return new Promise(() => {});
  });
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

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStores, draft11, generateSigningKey, type Stores } from "aauth";
import { type IssueAgentTokenOptions, issueAgentToken } from "aauth/server";
import { createTestDiscovery, signedRequest } from "aauth/testing";
import { createLogger, startTelemetry } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { expect, it, onTestFinished } from "vitest";
import { buildDelegateAgent } from "../src/app.ts";
import { settings } from "../src/config.ts";
import { start } from "../src/service.ts";

const BACKEND = "https://backend.localhost";
const FOREIGN = "https://foreign.localhost";
const AT = "http://delegate-agent.localhost:9997";
const ENV = {
  AAUTH_PROFILE: "draft-11",
  BACKEND_AGENT_URL: BACKEND,
  SUPPLY_CHAIN_AGENT_URL: "https://supply-chain-agent.localhost",
};

const provider = await generateSigningKey({ kid: "provider" });
const caller = await generateSigningKey({ kid: "caller" });

const configured = async (env: Record<string, string> = {}) =>
  loadConfig({
    service: "delegate-agent",
    settings,
    argv: [],
    env: { ...ENV, DELEGATE_DATA_FOLDER: await mkdtemp(join(tmpdir(), "delegate-")), ...env },
  });
const logger = createLogger({ service: "t", destination: { write: () => {} } });

/** The routes, and the parents for which agent tokens were requested. */
async function createDoor(stores?: Stores) {
  const documents = Object.fromEntries(
    [BACKEND, FOREIGN].flatMap((issuer) => [
      [`${issuer}/.well-known/aauth-agent.json`, { issuer, jwks_uri: `${issuer}/jwks.json` }],
      [`${issuer}/jwks.json`, { keys: [{ ...provider.publicJwk, alg: "Ed25519" }] }],
    ]),
  );
  const parents: { parent: unknown; key: string }[] = [];
  const { app } = await buildDelegateAgent(await configured(), {
    logger,
    ...(stores && { stores }),
    discovery: createTestDiscovery({ documents }),
    transport: async (_url, { body }) => {
      const { parent_agent, cnf_jwk } = JSON.parse(Buffer.from(body ?? "").toString());
      parents.push({ parent: parent_agent, key: cnf_jwk.x });
      return Response.json({ error: "delegate_ended", error_description: "x" }, { status: 403 });
    },
  });
  onTestFinished(() => app.close());
  const send = async (headers: Record<string, string>, method = "POST") => {
    const reply = await app.inject({ method: method as "GET", url: "/run", headers });
    return { status: reply.statusCode, text: reply.body, headers };
  };
  const ask = async (agent: string, more: Partial<IssueAgentTokenOptions> = {}, method = "POST") => {
    const options = { key: provider, issuer: BACKEND, agent, confirmationKey: caller.publicJwk, ...more };
    const { token: jwt } = await issueAgentToken(options);
    const { headers } = await signedRequest({
      method: method as "GET",
      url: `${AT}/run`,
      key: caller,
      profile: draft11,
      signatureKey: { scheme: "jwt", jwt },
    });
    return send(headers, method);
  };
  return { app, ask, send, parents };
}

const ANNA = "aauth:anna@backend.localhost";

it("works for agents of its provider, with a separate key for each, and reports to each its own last call", async () => {
  const { ask, parents } = await createDoor();
  expect(JSON.parse((await ask(ANNA)).text)).toMatchObject({
    status: "failed",
    failure: { code: "delegate_ended" },
  });
  const bert = "aauth:bert@backend.localhost";
  expect(JSON.parse((await ask(bert, {}, "GET")).text).last_run).toBeNull();
  expect(JSON.parse((await ask(ANNA, {}, "GET")).text).last_run.status).toBe("failed");
  await ask(bert);
  expect(parents.map(({ parent }) => parent)).toEqual([ANNA, bert]);
  expect(parents[0]?.key).not.toBe(parents[1]?.key);
});

it("works for no agent of another provider, for no sub-agent, and for no unsigned request", async () => {
  const { app, ask, parents } = await createDoor();
  const foreign = await ask("aauth:anna@foreign.localhost", { issuer: FOREIGN });
  expect([foreign.status, foreign.text]).toEqual([401, expect.stringContaining("invalid_jwt")]);
  const sub = await ask("aauth:anna+x@backend.localhost", { parentAgent: ANNA });
  expect([sub.status, sub.text]).toEqual([403, expect.stringContaining("untrusted_agent")]);
  expect((await app.inject({ method: "POST", url: "/run" })).statusCode).toBe(401);
  expect(parents).toEqual([]);
});

it("V42: does not work twice for one request, also after a restart", async () => {
  const stores = createMemoryStores();
  const { headers, status } = await (await createDoor(stores)).ask(ANNA);
  expect(status).toBe(200);
  const { send, parents } = await createDoor(stores);
  const replayed = await send(headers);
  expect([replayed.status, replayed.text]).toEqual([401, expect.stringContaining("has been used before")]);
  expect(parents).toEqual([]);
});

it("is a sub-agent of at most a hundred agents: the oldest is dropped", async () => {
  const { ask, parents } = await createDoor();
  for (let n = 0; n <= 100; n++) await ask(`aauth:user-${n}@backend.localhost`);
  const { text } = await ask("aauth:user-0@backend.localhost", {}, "GET");
  expect(JSON.parse(text).last_run).toBeNull();
  expect(new Set(parents.map(({ key }) => key)).size).toBe(101);
});

it.each(["BACKEND_AGENT_URL", "SUPPLY_CHAIN_AGENT_URL"])("does not start with a port in %s", async (name) => {
  const config = await configured({ [name]: "https://somewhere.localhost:3000" });
  await expect(buildDelegateAgent(config, { logger })).rejects.toThrow(name);
});

it("makes no call at its start, which no parent has it make", async () => {
  const env = {
    ...ENV,
    AAUTH_STORE: "memory",
    DELEGATE_DATA_FOLDER: await mkdtemp(join(tmpdir(), "delegate-")),
  };
  const output = { write: () => {} };
  await expect(start({ env, argv: ["--call"], output, startTelemetry })).rejects.toThrow(/--call/);
});

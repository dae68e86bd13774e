/** Agents that share a key, at replicas that share a file. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentProviderMetadata, createDiscovery, type Discovery, generateSigningKey, toJwks } from "aauth";
import { type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { createVerifier } from "aauth/resource";
import { createPersonServer, issueAgentToken } from "aauth/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStores } from "../../src/sqlite/index.ts";

const [AGENT, PROVIDER] = ["aauth:planner@agent.example", "https://agent.example"];
const [PERSON_SERVER, RESOURCE] = ["https://ps.example", "https://resource.example"];
const CALLS = 100;
const now = () => 1_800_000_000;
const key = await generateSigningKey({ kid: "agent-1" });
const serverKey = await generateSigningKey({ kid: "ps-1" });
const { token } = await issueAgentToken({
  key,
  issuer: PROVIDER,
  agent: AGENT,
  personServer: PERSON_SERVER,
  confirmationKey: key.publicJwk,
  now,
});
const documents: Readonly<Record<string, unknown>> = {
  [`${PROVIDER}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer: PROVIDER }),
  [`${PROVIDER}/jwks.json`]: toJwks([key]),
  [`${PERSON_SERVER}/jwks.json`]: toJwks([serverKey]),
};

let folder = "";
let closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-"));
});
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
  await rm(folder, { recursive: true, force: true });
});

/** One replica of the resource and the person server, and an agent that calls them. */
function createReplica() {
  const stores = openSqliteStores({ path: join(folder, "aauth.db"), now });
  closing.push(() => stores.close());
  const discovery: Discovery = createDiscovery({
    now,
    async transport({ href }) {
      const document = documents[href] ?? personServer.metadata;
      return { status: 200, body: new TextEncoder().encode(JSON.stringify(document)) };
    },
  });
  const personServer = createPersonServer({
    issuer: PERSON_SERVER,
    key: serverKey,
    discovery,
    stores,
    now,
    subjectSecret: new Uint8Array(32),
    personOf: () => "dana",
    decide: () => ({ type: "grant" }),
  });
  const verifier = createVerifier({
    authorities: ["resource.example"],
    audience: RESOURCE,
    personServers: [PERSON_SERVER],
    discovery,
    replayStore: stores.claims("replay"),
    now,
  });
  const refusals: string[] = [];
  const transport: Transport = async (url, { method, headers, body }) => {
    const { origin, pathname } = new URL(url);
    const request = { method, target: pathname, headers, body };
    if (origin === PERSON_SERVER) {
      const { status, headers: fields, body: text } = (await personServer.handle(request))!;
      if (status !== 200) refusals.push(text);
      return new Response(text, { status, headers: fields });
    }
    const isOrder = pathname === "/order";
    try {
      await verifier.verifyRequest(request, { level: isOrder ? "agent-token" : "person-token" });
      return new Response();
    } catch (error) {
      const { code } = error as { code: string };
      if (code !== "person_required") refusals.push(code);
      const headers = { "aauth-requirement": "requirement=person-token" };
      return new Response(null, { status: 401, headers });
    }
  };
  const options: AgentOptions = {
    id: AGENT,
    key,
    discovery,
    transport,
    now,
    agentToken: async () => token,
    personServer: PERSON_SERVER,
  };
  return { agent: () => createAgent(options), refusals };
}

test.each([
  ["calls", "/order", { method: "POST", body: "{}" }],
  ["token requests", "/me", {}],
] as const)("serve the equal %s of two agents with one key", async (_, path, init) => {
  const replicas = [createReplica(), createReplica()];
  const answers = await Promise.all(
    replicas.flatMap(({ agent }) => {
      const [first, isOrder] = [agent(), path === "/order"];
      // An agent requests a token for all its calls once.
      const calls = Array.from({ length: CALLS }, () => (isOrder ? first : agent()).fetchFor());
      return calls.map(async (call) => (await call(RESOURCE + path, init)).status);
    }),
  );
  expect(replicas.map(({ refusals }) => refusals)).toEqual([[], []]);
  expect(answers).toEqual(Array(2 * CALLS).fill(200));
});

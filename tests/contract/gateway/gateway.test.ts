/**
 * The gateway contract: the repository's two configuration files, services/gateway-authz and two
 * agents, once per gateway. Runs against the embedded gateway; with AGENTGATEWAY_BIN set to an
 * executable, the same table runs against Agentgateway; and against a gateway that runs already,
 * with one of the files, where the variables of `running-gateway.ts` name one.
 */

import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createLogger } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLAIMS_HEADER } from "../../../packages/gateway-check/src/claims.ts";
import type { CheckConfig } from "../../../packages/gateway-check/src/index.ts";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import type { FakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import { startGateway } from "../../../services/gateway/test/support/gateway-under-test.ts";
import { send, type TestResponse } from "../../../services/gateway/test/support/http-client.ts";
import { buildGatewayAuthz } from "../../../services/gateway-authz/src/app.ts";
import { refusalCode } from "../../support/refusal-code.ts";
import { startEnforcingAgent } from "./enforcing-agent.ts";
import { type Destination, expectationFor, type PolicyFile, type Request } from "./expectation.ts";
import { BACKEND, createIdentities } from "./identities.ts";
import { listenFor, runningGateway } from "./running-gateway.ts";

const running = runningGateway(process.env);
const files: readonly PolicyFile[] = running ? [running.file] : ["config.yaml", "config-policy.yaml"];
/**
 * If false, every pair of file, agent, request and caller occurs, but not every combination of the
 * four.
 */
const isFull = running !== undefined || Boolean(process.env.LONG_TESTS);
const port = running?.port ?? (await freePort());
const RESOURCES = {
  "supply-chain-agent": `http://supply-chain-agent.localhost:${port}`,
  "market-analysis-agent": `http://market-analysis-agent.localhost:${port}`,
  unknown: `http://unknown.localhost:${port}`,
} as const satisfies Record<Destination, string>;

const { identities, discovery } = await createIdentities();
const BODY = JSON.stringify({ jsonrpc: "2.0", id: "1", method: "message/send", params: { text: "Zoë" } });

const REQUESTS: readonly (Request & { readonly body?: string })[] = [
  { method: "POST", target: "/", body: BODY },
  { method: "GET", target: "/a%2Fb/../c?x=%20&y" },
  { method: "GET", target: "/.well-known/agent-card.json" },
  { method: "GET", target: "/jwks.json" },
  { method: "POST", target: "/jwks.json", body: "{}" },
  { method: "GET", target: "/.well-known/aauth-agent/more" },
  { method: "GET", target: "/interaction?session=1" },
  { method: "GET", target: "/interaction/decision" },
  { method: "POST", target: "/interaction/decision", body: "session=1" },
];

let authz: Awaited<ReturnType<typeof buildGatewayAuthz>>["app"];
const agents: Partial<Record<Destination, FakeServer>> = {};
let doors: { close(): void }[] = [];

const checked = {
  resources: [RESOURCES["supply-chain-agent"], RESOURCES["market-analysis-agent"]],
  authServerUrl: "http://localhost:8080",
  realm: "aauth-test",
  requestFrom: "aauth",
  publishedPeers: [],
  publishedHwk: false,
} satisfies CheckConfig;
const deps = {
  logger: createLogger({ service: "gateway-authz", level: "silent" }),
  discovery: { "february-2026": discovery },
};

beforeAll(async () => {
  ({ app: authz } = await buildGatewayAuthz(checked, deps));
  await authz.listen({ host: "127.0.0.1", port: running?.authzPort ?? 0 });
  agents["supply-chain-agent"] = await startEnforcingAgent(RESOURCES["supply-chain-agent"], discovery);
  agents["market-analysis-agent"] = await startEnforcingAgent(RESOURCES["market-analysis-agent"], discovery);
  if (running !== undefined) doors = await listenFor(running, agents);
});
afterAll(async () => {
  for (const door of doors) door.close();
  await authz.close();
  for (const agent of Object.values(agents)) await agent.close();
});

function seenBy(destination: Destination, caseId: string) {
  return agents[destination]?.seen.filter(({ headers }) => headers["x-case"] === caseId) ?? [];
}

describe.each(files)("%s", (file) => {
  let gateway: { close(): Promise<void> } | undefined;
  beforeAll(async () => {
    if (running !== undefined) return;
    const text = readFileSync(new URL(`../../../agentgateway/${file}`, import.meta.url), "utf8");
    gateway = await startGateway(text, {
      env: {
        GATEWAY_PORT: String(port),
        AAUTH_AUTHZ_HOST: `127.0.0.1:${(authz.server.address() as AddressInfo).port}`,
        SUPPLY_CHAIN_AGENT_ADDR: agents["supply-chain-agent"]!.address,
        MARKET_ANALYSIS_AGENT_ADDR: agents["market-analysis-agent"]!.address,
      },
    });
  });
  afterAll(() => gateway?.close());

  let lastCase = 0;
  const call = async (
    destination: Destination,
    request: Request & { readonly body?: string },
    headers: Record<string, string>,
  ): Promise<{ response: TestResponse; caseId: string }> => {
    const caseId = `${file}-${++lastCase}`;
    const response = await send({
      port,
      host: new URL(RESOURCES[destination]).host,
      method: request.method,
      path: request.target,
      headers: { ...headers, "x-case": caseId },
      ...(request.body !== undefined && { body: request.body }),
    });
    return { response, caseId };
  };

  const half = files.indexOf(file);
  const cases = (["supply-chain-agent", "market-analysis-agent"] as const).flatMap((destination, agent) =>
    REQUESTS.flatMap((request, row) =>
      identities
        .filter((_, column) => isFull || (row + column) % 4 === 2 * half + agent)
        .map((identity) => ({ destination, request, identity })),
    ),
  );
  const table = cases.map(
    (one) =>
      [`${one.request.method} ${one.destination}${one.request.target} by ${one.identity.name}`, one] as const,
  );

  test.each(table)("%s", async (_name, { destination, request, identity }) => {
    const resource = RESOURCES[destination];
    const headers = await identity.headersFor({ ...request, resource, body: request.body });
    const { response, caseId } = await call(destination, request, headers);
    const expected = expectationFor(file, destination, request, identity);

    if (expected.reaches === "gateway") {
      const { status, headers } = response;
      expect({ status, agentAuth: headers["agent-auth"], code: refusalCode(headers) }).toEqual({
        status: expected.status,
        agentAuth: expected.agentAuth,
        code: expected.code,
      });
      if (typeof expected.body === "string") expect(response.body).toBe(expected.body);
      else expect(response.body).toMatch(expected.body);
      expect(seenBy(destination, caseId)).toEqual([]);
      return;
    }
    expect(response.status).toBe(200);
    const [seen, ...more] = seenBy(destination, caseId);
    expect(more).toEqual([]);
    // The agent receives signed parts unchanged.
    expect(seen).toMatchObject({
      method: request.method,
      url: request.target,
      body: request.body ?? "",
      headers,
    });
    expect(seen!.headers.host).toBe(new URL(resource).host);
    expect(
      Object.keys(seen!.headers).filter(
        (name) => name.startsWith("x-aauth") || name.startsWith("x-forwarded"),
      ),
    ).toEqual([]);
    if (expected.card)
      expect(JSON.parse(response.body)).toEqual({ name: "agent", url: resource, capabilities: {} });
    if (response.headers["x-echo"] === "1" && identity.standing.kind === "proven") {
      expect((JSON.parse(response.body) as { agent: string }).agent).toBe(identity.standing.agent);
    }
  });

  const callers = identities.filter((_, column) => isFull || column % 2 === half);
  test.each(callers.map((identity) => [identity.name, identity] as const))(
    "G8: an unknown host is 404 for %s",
    async (_name, identity) => {
      const request = REQUESTS[0]!;
      const headers = await identity.headersFor({
        ...request,
        resource: RESOURCES.unknown,
        body: request.body,
      });
      const { response } = await call("unknown", request, headers);
      expect([response.status, response.body]).toEqual([404, "listener not found"]);
    },
  );

  const backend = identities.find(
    ({ standing, name }) => name === "the backend" && standing.kind === "proven",
  )!;
  const post = REQUESTS[0]!;
  const signedPost = () =>
    backend.headersFor({ ...post, resource: RESOURCES["supply-chain-agent"], body: post.body });

  test("G6: a body that was changed after signing is refused by the agent behind the gateway", async () => {
    const headers = await signedPost();
    const { response } = await call(
      "supply-chain-agent",
      { ...post, body: post.body!.replace("send", "sent") },
      headers,
    );
    expect([response.status, response.body]).toEqual([401, "agent: digest_mismatch"]);
  });

  test("G6: a body that was added after signing is refused by the agent behind the gateway", async () => {
    const request = { method: "POST", target: "/" };
    const headers = await backend.headersFor({
      ...request,
      resource: RESOURCES["supply-chain-agent"],
      body: undefined,
    });
    const { response } = await call("supply-chain-agent", { ...request, body: "{}" }, headers);
    expect(response.status).toBe(401);
    expect(response.body).toMatch(/^agent: (digest_missing|insufficient_coverage)$/);
  });

  test.each([
    ["POST", "/jwks.json"],
    ["DELETE", "/.well-known/aauth-agent"],
    ["GET", "/.well-known/aauth-agent/more"],
    ["GET", "/x/jwks.json"],
    ["GET", "/x/.well-known/agent-card.json"],
  ])("G11: %s %s is not open", async (method, target) => {
    const hwk = identities.find((identity) => identity.name === "hwk")!;
    const request = { method, target };
    const headers = await hwk.headersFor({
      ...request,
      resource: RESOURCES["supply-chain-agent"],
      body: undefined,
    });
    const { response, caseId } = await call("supply-chain-agent", request, headers);
    expect(response.status).toBe(401);
    expect(seenBy("supply-chain-agent", caseId)).toEqual([]);
  });

  test("G9: the inert policy of the fork stops the start", async ({ skip }) => {
    skip(running !== undefined, "one that runs has started");
    const text = readFileSync(new URL(`../../../agentgateway/${file}`, import.meta.url), "utf8");
    const inert = text.replace(
      "            policies:\n",
      "            policies:\n              aauth: { mode: strict }\n",
    );
    expect(inert).not.toBe(text);
    await expect(startGateway(inert)).rejects.toThrow(/aauth/);
  });

  test("a request that was passed once is not passed again", async () => {
    const headers = await signedPost();
    expect((await call("supply-chain-agent", post, headers)).response.status).toBe(200);
    const { response } = await call("supply-chain-agent", post, headers);
    expect([response.status, refusalCode(response.headers)]).toEqual([401, "nonce_replayed"]);
  });

  test("a signature for one agent is invalid for the other", async () => {
    const { response } = await call("market-analysis-agent", post, await signedPost());
    expect([response.status, refusalCode(response.headers)]).toEqual([401, "invalid_signature"]);
  });

  test.each([
    ["x-aauth-mode", "permissive"],
    ["x-aauth-required-scheme", "hwk"],
    ["x-aauth-authority", "market-analysis-agent.localhost:3000"],
    ["x-aauth-method", "GET"],
    ["x-aauth-uri", "http://x/health"],
    ["x-aauth-claims", JSON.stringify({ scheme: "Jwks", agent: BACKEND })],
    ["x-forwarded-host", "market-analysis-agent.localhost"],
    ["x-forwarded-uri", "/health"],
    ["x-original-url", "/health"],
  ])("a caller cannot speak for the gateway: %s", async (name, value) => {
    const hwk = identities.find((identity) => identity.name === "hwk")!;
    const headers = await hwk.headersFor({
      ...post,
      resource: RESOURCES["supply-chain-agent"],
      body: post.body,
    });
    const { response } = await call("supply-chain-agent", post, { ...headers, [name]: value });
    expect(response.status).toBe(401);
    expect(response.headers["agent-auth"]).toBe("httpsig; identity=?1");
  });

  test("A19: a caller's own claims do not reach the agent", async () => {
    const request = { method: "GET", target: "/jwks.json" };
    const spellings = [CLAIMS_HEADER, "X_AAuth_Claims", "x-aauth_claims", "x_aauth-claims"];
    const claims = JSON.stringify({ scheme: "Jwks", agent: BACKEND });
    const forged = Object.fromEntries(spellings.map((name) => [name, claims]));
    for (const [one, headers] of [
      [post, await signedPost()],
      [request, {}],
    ] as const) {
      const { response, caseId } = await call("supply-chain-agent", one, { ...headers, ...forged });
      expect(response.status).toBe(200);
      const [seen, ...more] = seenBy("supply-chain-agent", caseId);
      expect(more).toEqual([]);
      expect(Object.keys(seen!.headers).filter((name) => /^x[-_]aauth[-_]claims$/i.test(name))).toEqual([]);
    }
  });

  test("A11: one caller that floods the open paths blocks neither metadata nor signed calls of others", async () => {
    const request = { method: "GET", target: "/jwks.json" };
    for (let round = 0; round < 6; round++) {
      const flood = Array.from({ length: 50 }, () => call("supply-chain-agent", request, {}));
      const statuses = (await Promise.all(flood)).map(({ response }) => response.status);
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    expect((await call("supply-chain-agent", post, await signedPost())).response.status).toBe(200);
  });

  test.each([
    ["signature-key", "connection: close, signature-key"],
    ["content-digest", "connection: close, content-digest"],
    ["all three", "connection: close, signature-key, signature-input, signature"],
  ])("Connection cannot hide %s from one of the two", async (_name, line) => {
    const headers = await signedPost();
    const { response, caseId } = await call("supply-chain-agent", post, {
      ...headers,
      connection: line.slice("connection: ".length),
    });
    // Either the gateway refuses, or it and the agent treat the request as unsigned.
    if (response.status === 200) {
      expect(file).toBe("config.yaml");
      expect((JSON.parse(response.body) as { agent?: string }).agent).toBeUndefined();
    } else {
      expect([401, 403]).toContain(response.status);
      expect(seenBy("supply-chain-agent", caseId)).toEqual([]);
    }
  });

  test("a preflight needs no signature, and a refusal can be read by the browser", async () => {
    const origin = { origin: "http://localhost:3050" };
    const preflight = await call(
      "supply-chain-agent",
      { method: "OPTIONS", target: "/" },
      {
        ...origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "signature, signature-key",
      },
    );
    expect(preflight.response.status).toBe(200);
    expect(preflight.response.headers["access-control-allow-headers"]).toBe("signature, signature-key");
    expect(seenBy("supply-chain-agent", preflight.caseId)).toEqual([]);
    const hwk = identities.find((identity) => identity.name === "hwk")!;
    const headers = await hwk.headersFor({
      ...post,
      resource: RESOURCES["supply-chain-agent"],
      body: post.body,
    });
    const { response } = await call("supply-chain-agent", post, { ...headers, ...origin });
    expect([response.status, response.headers["access-control-allow-origin"]]).toEqual([401, origin.origin]);
  });
});

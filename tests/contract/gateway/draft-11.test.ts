/**
 * The files of draft -11 in front of a resource, with gateway-authz, a person server and an agent,
 * over sockets: the steps from an agent token to an auth token, and what is refused where. Also
 * nginx as docs/reference/gateways.md has it, where it is on the PATH. With AGENTGATEWAY_BIN set to
 * an executable, the same runs against Agentgateway.
 */

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AddressMap,
  createAddressMap,
  createDiscovery,
  draft11,
  generateSigningKey,
  type ProvenCaller,
  signRequest,
  toJwks,
} from "aauth";
import { createAgent } from "aauth/agent";
import { february2026 } from "aauth/february-2026";
import { parseRefusal } from "aauth/resource";
import { createPersonServer, issueAgentToken, issueAuthToken, issuePersonToken } from "aauth/server";
import { parseRequirement } from "aauth/wire";
import { createLogger } from "agent-kit/service";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth, serveParty, serveWellKnown } from "fastify-aauth";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { findExecutable } from "../../../scripts/find-executable.ts";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";
import {
  type GatewayUnderTest,
  isRealGateway,
  startGateway,
} from "../../../services/gateway/test/support/gateway-under-test.ts";
import { buildGatewayAuthz } from "../../../services/gateway-authz/src/app.ts";
import { shownFile } from "./documented-gateway.ts";
import { nginxArguments, nginxFile } from "./nginx-program.ts";

const RESOURCE = "https://supply-chain-agent.localhost";
const OTHER_RESOURCE = "https://market-analysis-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const PROVIDER = "https://backend.localhost";
const STRANGER = "https://unknown-agent.localhost";
const FEBRUARY = "http://supply-chain-agent.localhost:3000";
const SCOPE = "supply-chain:optimize";
const ALICE = "alice";
const AGENT = "aauth:planner@backend.localhost";

const keyOf = (kid: string) => generateSigningKey({ kid });
const keys = {
  agent: await keyOf("agent-1"),
  provider: await keyOf("ap-1"),
  stranger: await keyOf("ap-2"),
  person: await keyOf("ps-1"),
  resource: await keyOf("rs-1"),
};
const confirmationKey = keys.agent.publicJwk;
const agentToken = async (issuer = PROVIDER) =>
  (
    await issueAgentToken({
      key: issuer === PROVIDER ? keys.provider : keys.stranger,
      issuer,
      confirmationKey,
      agent: `aauth:planner@${new URL(issuer).host}`,
      personServer: PERSON_SERVER,
    })
  ).token;
const bound = {
  key: keys.person,
  issuer: PERSON_SERVER,
  audience: RESOURCE,
  subject: "person-1",
  confirmationKey,
};
const personToken = async () => (await issuePersonToken(bound)).token;
const authToken = async (scope = SCOPE) => (await issueAuthToken({ ...bound, scope })).token;

const apps: FastifyInstance[] = [];
async function listen(app: FastifyInstance): Promise<string> {
  apps.push(app);
  return app.listen({ host: "127.0.0.1", port: 0 });
}
const portOf = (address: string) => new URL(address).port;

/** Requests that reached the resource behind the gateway, with their callers. */
const seen: { path: string; caller: ProvenCaller | null; claims: unknown; host: unknown }[] = [];
let addresses: Record<string, string>;
let personServer: ReturnType<typeof createPersonServer>;
/**
 * Sets the addresses of the other parties for the person server, because each file has another
 * gateway address.
 */
let placeMap: (map: AddressMap) => void;
let authzPort: number;

const mapped = () => {
  const map = createAddressMap(addresses);
  return {
    map,
    discovery: createDiscovery({ addresses: map, development: true }),
  };
};

async function provider(issuer: string, key: typeof keys.provider): Promise<string> {
  const app = Fastify();
  const document = { issuer, jwks_uri: `${issuer}/jwks.json` };
  await serveWellKnown(app, { documents: { "aauth-agent.json": document }, jwks: () => toJwks([key]) });
  return listen(app);
}

async function resource(): Promise<string> {
  const app = Fastify();
  app.addHook("onRequest", async ({ url, headers }) => {
    seen.push({ path: url, caller: null, claims: headers["x-aauth-claims"], host: headers.host });
  });
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      resource: RESOURCE,
      profile: draft11,
      key: keys.resource,
      personServers: [PERSON_SERVER],
      discovery: mapped().discovery,
      scopes: [SCOPE],
      scopeDescriptions: { [SCOPE]: "Optimize" },
    });
    const route = (url: string, aauth: object) =>
      scope.route({
        method: ["GET", "POST"],
        url,
        config: { aauth: aauth as never },
        handler: ({ caller }) => {
          seen.at(-1)!.caller = caller;
          return "served";
        },
      });
    route("/", { level: "auth-token", scopes: [SCOPE] });
    route("/agent", { level: "agent-token" });
    route("/person", { level: "person-token" });
    route("/interaction", "public" as never);
  });
  return listen(app);
}

beforeAll(async () => {
  addresses = {
    [PROVIDER]: await provider(PROVIDER, keys.provider),
    [STRANGER]: await provider(STRANGER, keys.stranger),
  };
  const ofServer = Fastify();
  const later = { map: undefined as AddressMap | undefined };
  personServer = createPersonServer({
    issuer: PERSON_SERVER,
    key: keys.person,
    subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
    discovery: createDiscovery({
      development: true,
      transport: (url, init) => later.map!.documents(url, init),
    }),
    transport: (url, init) => later.map!.requests(url, init),
    personOf: () => ALICE,
    decide: () => ({ type: "grant" }),
    pollSeconds: 0,
  });
  await serveParty(ofServer, personServer);
  addresses[PERSON_SERVER] = await listen(ofServer);
  // The resource resolves the others by the current map; they reach it through the gateway.
  addresses[RESOURCE] = await resource();
  placeMap = (map) => {
    later.map = map;
  };
  const logger = createLogger({ service: "gateway-authz", level: "silent" });
  const { app } = await buildGatewayAuthz(
    {
      profile: "draft-11",
      mode: "person-server",
      endpoints: addresses,
      resources: [FEBRUARY],
      draft11Resources: [RESOURCE, OTHER_RESOURCE],
      personServers: [PERSON_SERVER],
      authServerUrl: "http://localhost:8080",
      realm: "aauth-test",
      requestFrom: "aauth",
      publishedPeers: [],
      publishedHwk: false,
    },
    { logger },
  );
  authzPort = Number(portOf(await listen(app)));
});
afterAll(async () => {
  for (const app of apps) await app.close();
});

/** A gateway with a file of the repository, or of the page about gateways. */
type Started = Pick<GatewayUnderTest, "url" | "close"> & Partial<Pick<GatewayUnderTest, "lines">>;

function startWith(file: string): Promise<Started> {
  return startGateway(readFileSync(new URL(`../../../agentgateway/${file}`, import.meta.url), "utf8"), {
    env: {
      AAUTH_AUTHZ_HOST: `127.0.0.1:${authzPort}`,
      SUPPLY_CHAIN_AGENT_ADDR: `127.0.0.1:${portOf(addresses[RESOURCE]!)}`,
    },
  });
}

const NGINX = findExecutable("nginx", process.env);

async function startNginx(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-draft-11-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const ports = { 3000: port, 7070: authzPort, 9999: Number(portOf(addresses[RESOURCE]!)) };
  const file = join(folder, "nginx.conf");
  writeFileSync(file, nginxFile(shownFile("Draft -11", ports), folder));
  const stdio = ["ignore", "ignore", "inherit"] as const;
  const child = spawnGuarded(NGINX!, nginxArguments(file, folder), { stdio: [...stdio] });
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(404), { timeout: 20_000 });
  return {
    url,
    async close() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

const GATEWAYS = ["config-draft-11.yaml", "config-draft-11-policy.yaml", ...(NGINX ? ["nginx"] : [])];

describe.each(GATEWAYS)("%s", (file) => {
  const hasRules = file.endsWith("policy.yaml");
  let gateway: Started;
  let map: AddressMap;
  beforeAll(async () => {
    gateway = await (file === "nginx" ? startNginx() : startWith(file));
    map = createAddressMap({ ...addresses, [RESOURCE]: gateway.url, [OTHER_RESOURCE]: gateway.url });
    placeMap(map);
  });
  afterAll(() => gateway?.close());

  /** The caller's answer, and the requests that reached the resource. */
  async function answerOf(response: Response, before: number) {
    const requirement = response.headers.get("aauth-requirement");
    return {
      status: response.status,
      signatureError: response.headers.get("signature-error"),
      requirement: requirement === null ? undefined : parseRequirement(requirement),
      refusal: parseRefusal(response.headers.get("aauth-refusal")),
      agentAuth: response.headers.get("agent-auth"),
      body: await response.text(),
      reached: seen.slice(before),
    };
  }

  async function send(
    path: string,
    jwt: string | undefined,
    init: { body?: string; changed?: string; sign?: string; headers?: Record<string, string> } = {},
  ) {
    const url = `${RESOURCE}${path}`;
    const { body, changed = body, sign = url } = init;
    const bytes = (text: string | undefined) =>
      text === undefined ? {} : { body: new TextEncoder().encode(text) };
    const headers = { ...(body !== undefined && { "content-type": "application/json" }), ...init.headers };
    const method = body === undefined ? "GET" : "POST";
    const signed =
      jwt === undefined
        ? { headers: {} }
        : await signRequest(
            { method, url: sign, headers, ...bytes(body) },
            { profile: draft11, key: keys.agent, signatureKey: { scheme: "jwt", jwt } },
          );
    const before = seen.length;
    const response = await map.requests(url, {
      method,
      headers: { ...headers, ...signed.headers },
      ...bytes(changed),
    } as never);
    return answerOf(response, before);
  }

  test("each token passes where it is enough, and the resource serves it", async () => {
    const cases = [
      ["/agent", await agentToken(), "agent-token"],
      ["/person", await personToken(), "person-token"],
      ["/", await authToken(), "auth-token"],
    ] as const;
    for (const [path, jwt, level] of cases) {
      const { status, body, reached } = await send(path, jwt, { body: "{}" });
      expect([path, status, body]).toEqual([path, 200, "served"]);
      expect(reached).toMatchObject([{ path, caller: { level }, host: "supply-chain-agent.localhost" }]);
    }
  });

  // Only the embedded gateway limits bodies in this way.
  const isEmbedded = file !== "nginx" && !isRealGateway;
  test.runIf(isEmbedded)("a caller with any token may send more than one without a name", async () => {
    const body = JSON.stringify({ text: "x".repeat(100_000) });
    for (const [path, jwt] of [
      ["/agent", await agentToken()],
      ["/person", await personToken()],
      ["/", await authToken()],
    ] as const) {
      expect(await send(path, jwt, { body })).toMatchObject({ status: 200 });
    }
    const unnamed = await send("/", undefined, { body });
    expect(unnamed).toMatchObject({ status: hasRules ? 401 : 413, reached: [] });
  });

  test("an agent climbs from its token to an auth token: the gateway accepts it, and the resource challenges", async () => {
    const before = seen.length;
    const agent = createAgent({
      id: AGENT,
      key: keys.agent,
      profile: draft11,
      personServer: PERSON_SERVER,
      discovery: createDiscovery({ addresses: map, development: true }),
      agentToken: () => agentToken(),
    });
    const response = await agent.fetchFor()(`${RESOURCE}/`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect([response.status, await response.text()]).toEqual([200, "served"]);
    const calls = seen.slice(before).filter(({ path }) => path === "/");
    // The calls with agent token, person token and auth token have all reached the resource.
    expect(calls).toHaveLength(3);
    expect(calls[2]!.caller).toMatchObject({
      level: "auth-token",
      person: { iss: PERSON_SERVER },
      grant: { scopes: [SCOPE] },
    });

    // The person revokes it. The resource learns of it through the gateway; the gateway itself does
    // not.
    const granted = (await personServer.issuedTokens(ALICE)).find(
      ({ type, isRevoked }) => type === "auth-token" && !isRevoked,
    );
    const revoked = await personServer.revoke(ALICE, granted!);
    expect(revoked).toEqual([{ recipient: RESOURCE }]);
    expect(seen.at(-1)).toMatchObject({ path: "/aauth/revoke" });
    const { token } = calls[2]!.caller!.grant!;
    const refused = await send("/", token, { body: '{"again":true}' });
    expect(refused).toMatchObject({
      status: 401,
      signatureError: "error=revoked_jwt",
      requirement: { requirement: "person-token" },
    });
    expect(refused.refusal?.by).toBeUndefined();
    expect(refused.reached).toHaveLength(1);
  });

  test("an auth token without the scope: a step-up of the resource, or the rule's refusal", async () => {
    const { status, requirement, reached } = await send("/", await authToken("other"), { body: "{}" });
    if (hasRules) expect([status, requirement, reached]).toEqual([403, undefined, []]);
    else expect([status, requirement?.requirement, reached.length]).toEqual([401, "auth-token", 1]);
  });

  test("an agent of another provider", async () => {
    const { status, reached } = await send("/agent", await agentToken(STRANGER), { body: "{}" });
    expect([status, reached.length]).toEqual(hasRules ? [403, 0] : [200, 1]);
  });

  test("unsigned: 401 with both headers, by the gateway where it is strict, else by the resource", async () => {
    const { status, signatureError, requirement, refusal, reached } = await send("/", undefined, {
      body: "{}",
    });
    expect([status, signatureError]).toEqual([401, "error=invalid_signature"]);
    expect(requirement).toEqual({ requirement: hasRules ? "agent-token" : "person-token" });
    expect([refusal?.code, refusal?.by]).toEqual(["missing_signature", hasRules ? "gateway" : undefined]);
    expect(reached).toHaveLength(hasRules ? 0 : 1);
  });

  test("documents and pages for browsers and callers that cannot sign yet are open", async () => {
    for (const path of ["/.well-known/aauth-resource.json", "/jwks.json", "/interaction?code=A"]) {
      expect(await send(path, undefined)).toMatchObject({ status: 200 });
    }
  });

  test.each([
    ["for another resource", { sign: `${OTHER_RESOURCE}/` }],
    ["for the gateway's own port", { sign: "https://supply-chain-agent.localhost:3000/" }],
  ])("signed %s: refused by the gateway", async (_what, { sign }) => {
    const result = await send("/", await authToken(), { body: "{}", sign });
    expect(result).toMatchObject({
      status: 401,
      signatureError: "error=invalid_signature",
      refusal: { code: "invalid_signature", by: "gateway" },
      reached: [],
    });
  });

  test("downgrade: a February message is refused by name, before it is judged", async () => {
    const message = { method: "POST", url: `${FEBRUARY}/`, headers: { "content-type": "application/json" } };
    const body = new TextEncoder().encode("{}");
    const { headers } = await signRequest(
      { ...message, body },
      { profile: february2026, key: keys.agent, signatureKey: { scheme: "hwk" } },
    );
    const before = seen.length;
    const response = await map.requests(`${RESOURCE}/`, {
      method: "POST",
      headers: { ...message.headers, ...headers },
      body,
    } as never);
    expect(await answerOf(response, before)).toMatchObject({
      status: 401,
      signatureError: "error=invalid_signature",
      requirement: { requirement: "agent-token" },
      refusal: { code: "profile_not_accepted", by: "gateway" },
      agentAuth: null,
      reached: [],
    });
  });

  test("a caller's own claims do not reach the resource, and the check's do not, either", async () => {
    const headers = { "x-aauth-claims": '{"level":"auth-token"}' };
    const { status, reached } = await send("/agent", await agentToken(), { body: "{}", headers });
    expect(status).toBe(200);
    expect(reached).toMatchObject([{ claims: undefined }]);
  });

  test("a body that was exchanged passes the gateway, which does not see it, and not the resource", async () => {
    const result = await send("/agent", await agentToken(), { body: "{}", changed: "[]" });
    expect(result).toMatchObject({ status: 401, refusal: { code: "digest_mismatch" } });
    expect(result.refusal?.by).toBeUndefined();
    expect(result.reached).toHaveLength(1);
  });

  test.each([
    ["x-aauth-profiles", "february-2026"],
    ["x-aauth-profiles", "february-2026 draft-11"],
    ["x-aauth-required-level", "server"],
    ["x-aauth-authority", "market-analysis-agent.localhost"],
    ["x-aauth-uri", "/person"],
  ])("a caller cannot speak for the gateway: %s: %s", async (name, value) => {
    const { status } = await send("/agent", await agentToken(), { body: "{}", headers: { [name]: value } });
    expect(status).toBe(200);
  });

  test.skipIf(file === "nginx")("the log names the caller as far as the token does", async () => {
    await send("/agent", await agentToken(), { body: "{}" });
    await send("/person", await personToken(), { body: "{}" });
    const lines = gateway.lines!;
    const lineWith = (text: string) => lines.findLast((one) => one.includes(text)) ?? "";
    await expect.poll(() => lineWith("http.path=/person")).toContain("aauth_person=");
    expect(lineWith("http.path=/agent")).toContain(AGENT);
    const line = lineWith("http.path=/person");
    expect(line).toContain(`aauth_person_issuer="${PERSON_SERVER}"`);
    expect(line).not.toContain("aauth_agent_identity");
    expect(lines.join("\n")).not.toContain("eyJ");
  });
});

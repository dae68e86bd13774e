import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { canonicalAuthority, createMemoryStores, type Requirement } from "aauth";
import {
  type FebruaryLevel,
  type FebruaryResourceTokenClaims,
  february2026,
  february2026Resource,
  february2026Tokens,
} from "aauth/february-2026";
import { createResource, createVerifier } from "aauth/resource";
import { tokenSignerOf } from "aauth/server";
import { testKey } from "aauth/testing";
import { createLogger, memoryKeys } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";
import { type BackendDeps, buildBackend } from "../src/app.ts";
import { settings } from "../src/config.ts";
import { createJsonStores } from "./support/json-stores.ts";

const BACKEND = "http://backend.localhost:8000";
const REALM = "aauth-test";
const realmKey = await generateKeyPair("RS256");

type AgentReply = (text: string) => unknown;

export interface ScriptedStack {
  readonly app: FastifyInstance;
  readonly issuer: string;
  readonly agentUrl: string;
  /** Every line the backend logged. */
  readonly log: string[];
  /** Requests to the supply-chain agent and the auth server, in order. */
  readonly seen: {
    party: "agent" | "auth-server";
    what: string;
    scheme: string;
    subject?: string | undefined;
  }[];
  /** Behaviour of the parties; change it before a call. */
  readonly script: {
    requirement: Requirement<FebruaryLevel>;
    /** Text of the agent's response; may wait. */
    answer: AgentReply;
    /** Response of the auth server to a request of type auth. */
    grant: "direct" | "consent";
    /** The user who consents: `sub` of the auth token. */
    consentingUser: string;
    revocation: "done" | "broken";
  };
  /** An access token of the realm for this user. */
  userToken(sub: string, claims?: Record<string, unknown>): Promise<string>;
  /** The consent page's answer on accept: a code for the request token in the consent address. */
  consentTo(consentUrl: string): { code: string; state: string };
  /** Number of undecided requests at the auth server. */
  pendingRequests(): number;
  /** Calls the backend's API as a user. */
  call(
    sub: string,
    method: "GET" | "POST" | "DELETE",
    url: string,
    body?: object,
    backend?: FastifyInstance,
  ): Promise<{ status: number; body: ReturnType<typeof JSON.parse>; headers: Record<string, unknown> }>;
  /** Another process of the backend over the same stores, which has resumed unfinished work. */
  another(): Promise<FastifyInstance>;
  /** From now on nothing listens at the agent's address. */
  stopAgent(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A backend with two real neighbours on loopback: a supply-chain agent behind the real verifier,
 * and an auth server that issues real tokens. Only their decisions are scripted.
 */
export async function startScriptedStack(
  options: { env?: Record<string, string>; deps?: Partial<BackendDeps> } = {},
): Promise<ScriptedStack> {
  const script: ScriptedStack["script"] = {
    requirement: { level: "authorized", scopes: ["supply-chain:optimize"] },
    answer: (text) => `# Supply Chain Optimization Analysis\n\n### 1. Echo\n\n- **Description**: ${text}`,
    grant: "direct",
    consentingUser: "alice",
    revocation: "done",
  };
  const seen: ScriptedStack["seen"] = [];
  const log: string[] = [];

  const backendKey = await testKey("A", "backend-ephemeral-1");
  const agentKey = await testKey("B", "supply-chain-agent-ephemeral-1");
  const issuerKey = await testKey("B", "realm-eddsa");

  const agentApp = Fastify();
  const authApp = Fastify();
  const agentUrl = await listen(agentApp);
  const authUrl = await listen(authApp);
  const issuer = `${authUrl}/realms/${REALM}`;
  const discovery = createTestDiscovery({
    agents: { [BACKEND]: [backendKey.publicJwk] },
    resources: { [agentUrl]: [agentKey.publicJwk] },
    issuers: { [issuer]: { keys: [issuerKey.publicJwk] } },
  });
  const profile = february2026Resource({ authServer: issuer });
  const gate = (authority: string, audience?: string) =>
    createVerifier({
      profile: audience === undefined ? february2026 : profile,
      authorities: [authority],
      audience,
      discovery,
      replayStore: createMemoryStores().claims("test", { maxEntries: 10_000 }),
    });

  agentApp.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  agentApp.get("/.well-known/agent-card.json", async () => ({
    name: "Scripted Agent",
    protocolVersion: "0.3.0",
  }));
  const resource = createResource({
    profile: february2026Resource({ authServer: issuer }),
    key: agentKey,
    resource: agentUrl,
    discovery,
  });
  agentApp.post("/", async (request, reply) => {
    const { requirement } = script;
    const body = request.body as Buffer;
    const { method, headers } = request;
    const received = { method, headers, target: request.raw.url!, body };
    const { answer: challenge, caller } = await resource.admit(received, requirement);
    if (challenge !== undefined) {
      seen.push({ party: "agent", what: "challenge", scheme: "jwks" });
      return reply.code(challenge.status).headers(challenge.headers).send(challenge.body);
    }
    const { id, params } = JSON.parse(body.toString());
    const { text } = params.message.parts[0];
    const subject = caller.person?.sub;
    seen.push({ party: "agent", what: text, scheme: caller.scheme, subject });
    const data = { recommendations: [{ title: "Echo", description: text }] };
    const parts = [
      { kind: "text", text: await script.answer(text) },
      { kind: "data", data },
    ];
    return { jsonrpc: "2.0", id, result: { kind: "message", messageId: "m", role: "agent", parts } };
  });

  // Over the limit, so that only an auth token would help.
  agentApp.get("/catalogue", async ({ method, headers, raw }, reply) => {
    const received = { method, headers, target: raw.url!, body: Buffer.alloc(0) };
    const { caller } = await resource.admit(received, { level: "identified" });
    const limit = { retryAfterSeconds: 60, raisedBy: ["supply-chain:optimize"] };
    const limited = await resource.limitReached(caller!, limit);
    seen.push({ party: "agent", what: "catalogue", scheme: caller!.scheme });
    return reply.code(limited.status).headers(limited.headers).send(limited.body);
  });

  const requests = new Map<string, FebruaryResourceTokenClaims>();
  const codes = new Map<string, FebruaryResourceTokenClaims>();
  const authTokenFor = async (claims: FebruaryResourceTokenClaims, subject?: string) => {
    const { token } = await february2026Tokens.issueAuthToken({
      signer: tokenSignerOf(issuerKey),
      issuer,
      audience: claims.iss,
      agent: claims.agent,
      confirmationKey: backendKey.publicJwk,
      scope: claims.scope ?? "",
      ...(subject !== undefined && { subject }),
    });
    return { auth_token: token, expires_in: 300, token_type: "AAuth" };
  };
  await authApp.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      verifier: gate(canonicalAuthority(authUrl)),
      authority: canonicalAuthority(authUrl),
    });
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
    );
    const realm = `/realms/${REALM}`;
    scope.get(`${realm}/protocol/openid-connect/certs`, { config: { aauth: "public" } }, async () => ({
      keys: [{ ...(await exportJWK(realmKey.publicKey)), kid: "realm-rsa", alg: "RS256", use: "sig" }],
    }));
    scope.post(
      `${realm}/protocol/aauth/agent/token`,
      { config: { aauth: { level: "identified" } } },
      async (request, reply) => {
        const form = request.body as Record<string, string>;
        seen.push({ party: "auth-server", what: form.request_type!, scheme: request.caller!.scheme });
        if (form.request_type === "code") {
          const claims = codes.get(form.code!);
          codes.delete(form.code!);
          if (!claims)
            return reply
              .code(400)
              .send({ error: "invalid_grant", error_description: "Invalid or expired authorization code" });
          return {
            ...(await authTokenFor(claims, script.consentingUser)),
            refresh_token: `refresh-${form.code}`,
          };
        }
        const claims = await february2026Tokens.verifyResourceToken(form.resource_token!, {
          audience: issuer,
          agent: BACKEND,
          agentJkt: request.caller!.thumbprint,
          discovery,
        });
        if (script.grant === "direct") return authTokenFor(claims);
        if (form.redirect_uri === undefined)
          return reply
            .code(400)
            .send({ error: "invalid_request", error_description: "redirect_uri is required" });
        const requestToken = randomBytes(32).toString("base64url");
        requests.set(requestToken, claims);
        return { request_token: requestToken, expires_in: 600, token_type: "AAuth" };
      },
    );
    scope.post(
      `${realm}/protocol/aauth/agent/revoke`,
      { config: { aauth: { level: "identified" } } },
      async (request, reply) => {
        const { token } = request.body as Record<string, string>;
        seen.push({ party: "auth-server", what: `revoke ${token}`, scheme: request.caller!.scheme });
        return script.revocation === "broken" ? reply.code(500).send({}) : {};
      },
    );
  });
  await agentApp.ready();
  await authApp.ready();

  const config = loadConfig({
    service: "backend",
    settings,
    env: {
      BACKEND_AGENT_URL: BACKEND,
      SUPPLY_CHAIN_AGENT_URL: agentUrl,
      KEYCLOAK_URL: authUrl,
      KEYCLOAK_REALM: REALM,
      ...options.env,
    },
    argv: [],
  });
  const stores = createJsonStores({ now: () => Math.floor(Date.now() / 1000) });
  const build = async () => {
    const { app } = await buildBackend(config, {
      logger: createLogger({
        service: "supply-chain-backend",
        level: "debug",
        destination: { write: (line) => log.push(line) },
      }),
      keys: memoryKeys(backendKey),
      discovery,
      stores,
      ...options.deps,
    });
    return app;
  };
  const app = await build();
  const others: FastifyInstance[] = [];

  const userToken: ScriptedStack["userToken"] = (sub, claims = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: issuer,
      sub,
      azp: "supply-chain-ui",
      typ: "Bearer",
      preferred_username: sub,
      iat: now,
      exp: now + 300,
      ...claims,
    } as JWTPayload)
      .setProtectedHeader({ alg: "RS256", kid: "realm-rsa", typ: "JWT" })
      .sign(realmKey.privateKey);
  };

  return {
    app,
    issuer,
    agentUrl,
    log,
    seen,
    script,
    userToken,
    consentTo(consentUrl) {
      const query = new URL(consentUrl).searchParams;
      const claims = requests.get(query.get("request_token")!);
      if (!claims) throw new Error("unknown request token");
      requests.delete(query.get("request_token")!);
      const code = randomBytes(32).toString("base64url");
      codes.set(code, claims);
      return { code, state: query.get("state")! };
    },
    pendingRequests: () => requests.size,
    async call(sub, method, url, body, backend = app) {
      const response = await backend.inject({
        method,
        url,
        headers: { authorization: `Bearer ${await userToken(sub)}` },
        ...(body !== undefined && { payload: body }),
      });
      const isJson = String(response.headers["content-type"]).includes("json");
      return {
        status: response.statusCode,
        body: isJson ? response.json() : response.body,
        headers: response.headers,
      };
    },
    async another() {
      const other = await build();
      others.push(other);
      await other.listen({ host: "127.0.0.1", port: 0 });
      return other;
    },
    async stopAgent() {
      await agentApp.close();
    },
    async close() {
      await Promise.all([app, ...others, agentApp, authApp].map((each) => each.close()));
    },
  };
}

/** Takes a port before the routes exist, because a party's identity contains its address. */
async function listen(app: FastifyInstance): Promise<string> {
  const server = createServer((request, response) => app.routing(request, response));
  app.addHook("onClose", () => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address on loopback where nothing listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}`;
}

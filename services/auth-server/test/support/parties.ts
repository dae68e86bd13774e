import {
  createMemoryStores,
  generateSigningKey,
  type SigningKey,
  type Stores,
  type WireProfile,
} from "aauth";
import { february2026, february2026Tokens } from "aauth/february-2026";
import type { TestDiscovery } from "aauth/testing";
import { createTestClock, signedRequest, type TestClock } from "aauth/testing";
import { memoryKeys } from "agent-kit/service";
import { expect } from "vitest";
import { createTestDiscovery } from "../../../../packages/aauth/test/february-2026/parties.ts";
import { expectReason, type Reason } from "../../../../tests/support/refusal-code.ts";
import type { AuthServerDependencies } from "../../src/app.ts";
import { startInjected, type TestServer } from "./auth-server.ts";

export const BACKEND = "http://backend.localhost:8000";
export const SUPPLY_CHAIN = "http://supply-chain-agent.localhost:3000";
export const MARKET_ANALYSIS = "http://market-analysis-agent.localhost:3000";
export const CALLBACK = `${BACKEND}/auth/aauth/callback`;

type Scheme = "jwks" | "hwk" | { readonly jwt: string };

export interface TokenRequestOptions {
  /** Default: the backend. */
  readonly agent?: string;
  readonly key?: SigningKey;
  readonly scheme?: Scheme;
  /** Default: the server's own. */
  readonly path?: string;
  readonly created?: number;
  /** The signing key. */
  readonly profile?: WireProfile;
}

type SignedRequest = Awaited<ReturnType<typeof signedRequest>>;

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

/** The auth server with the demo's three parties around it, over a network in memory. */
export interface Parties {
  readonly server: TestServer;
  /** Starts another process over the same stores and parties. */
  startReplica(): Promise<Parties>;
  readonly clock: TestClock;
  readonly discovery: TestDiscovery;
  readonly keys: Readonly<Record<string, SigningKey>>;
  /** Signs a form as an agent, for the token endpoint. */
  sign(form: Record<string, string> | string, options?: TokenRequestOptions): Promise<SignedRequest>;
  /** Posts a signed form at each call. */
  send(signed: SignedRequest): Promise<Reply>;
  /** Signs a form and posts it. */
  request(form: Record<string, string> | string, options?: TokenRequestOptions): Promise<Reply>;
  /**
   * A resource token for the backend at the supply-chain agent, with the given members replaced.
   */
  resourceToken(
    options?: Partial<Parameters<typeof february2026Tokens.issueResourceToken>[0]>,
  ): Promise<string>;
}

export async function createParties(
  options: {
    attributes?: Record<string, string>;
    documents?: Record<string, unknown>;
    logger?: NonNullable<AuthServerDependencies["logger"]>;
    clock?: TestClock;
    /** Default: in memory. */
    stores?: Stores;
    /** The realm's. */
    rsaKeys?: NonNullable<AuthServerDependencies["rsaKeys"]>;
  } = {},
): Promise<Parties> {
  const { clock = createTestClock(Math.floor(Date.now() / 1000)) } = options;
  const keys: Record<string, SigningKey> = {
    [BACKEND]: await generateSigningKey({ kid: "backend-ephemeral-1" }),
    [SUPPLY_CHAIN]: await generateSigningKey({ kid: "supply-chain-agent-ephemeral-1" }),
    [MARKET_ANALYSIS]: await generateSigningKey({ kid: "market-analysis-agent-ephemeral-1" }),
  };
  const published = Object.fromEntries(Object.entries(keys).map(([id, key]) => [id, [key.publicJwk]]));
  const discovery = createTestDiscovery(
    {
      agents: published,
      resources: published,
      documents: {
        [`${BACKEND}/.well-known/aauth-agent`]: {
          agent: BACKEND,
          jwks_uri: `${BACKEND}/jwks.json`,
          name: "Supply chain backend",
          redirect_uris: [CALLBACK],
        },
        [`${SUPPLY_CHAIN}/.well-known/aauth-resource`]: {
          resource: SUPPLY_CHAIN,
          jwks_uri: `${SUPPLY_CHAIN}/jwks.json`,
          scope_descriptions: { "supply-chain:optimize": "Run optimizations of your supply chain" },
        },
        ...options.documents,
      },
    },
    { now: clock.now },
  );
  const { stores = createMemoryStores(clock) } = options;
  const serviceKeys = memoryKeys();
  const path = "/realms/aauth-test/protocol/aauth/agent/token";

  async function start(): Promise<TestServer> {
    const server = await startInjected({
      clock,
      discovery,
      stores,
      keys: serviceKeys,
      ...(options.logger && { logger: options.logger }),
      ...(options.rsaKeys && { rsaKeys: options.rsaKeys }),
    });
    if (options.attributes) await setAttributes(server, options.attributes);
    return server;
  }

  const sign: Parties["sign"] = (form, request = {}) => {
    const agent = request.agent ?? BACKEND;
    return signedRequest({
      method: "POST",
      url: `http://localhost:8080${request.path ?? path}`,
      body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      key: request.key ?? (keys[agent] as SigningKey),
      profile: request.profile ?? february2026,
      signatureKey: signatureKey(request.scheme ?? "jwks", agent),
      now: () => request.created ?? clock.now(),
    });
  };

  const around = (server: TestServer): Parties => ({
    server,
    startReplica: async () => around(await start()),
    clock,
    discovery,
    keys,
    sign,
    send: (signed) => send(server, signed),
    request: async (form, options) => send(server, await sign(form, options)),
    resourceToken: (token = {}) =>
      february2026Tokens.issueResourceToken({
        key: keys[token.resource ?? SUPPLY_CHAIN] as SigningKey,
        resource: SUPPLY_CHAIN,
        authServer: server.issuer,
        agent: BACKEND,
        agentJkt: (keys[token.agent ?? BACKEND] ?? keys[BACKEND])?.thumbprint as string,
        scope: "supply-chain:optimize",
        now: clock.now,
        ...token,
      }),
  });
  return around(await start());
}

async function send(server: TestServer, signed: SignedRequest): Promise<Reply> {
  const { "content-length": _length, ...headers } = signed.headers;
  const reply = await server.app.inject({
    method: "POST",
    url: signed.target,
    headers: { host: "localhost:8080", ...headers },
    payload: Buffer.from(signed.body ?? []),
  });
  return { status: reply.statusCode, body: reply.json(), headers: reply.headers };
}

/** Headers of a request by the administrator. */
export async function administrator(server: TestServer) {
  const login = await server.app.inject({
    method: "POST",
    url: "/realms/master/protocol/openid-connect/token",
    headers: { host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" },
    payload: "grant_type=password&client_id=admin-cli&username=admin&password=admin",
  });
  return { host: "localhost:8080", authorization: `Bearer ${login.json().access_token}` };
}

/** Replaces single attributes through the admin endpoint, like a script. */
export async function setAttributes(server: TestServer, attributes: Record<string, string>): Promise<void> {
  const headers = await administrator(server);
  const realm = (await server.app.inject({ url: "/admin/realms/aauth-test", headers })).json();
  const update = await server.app.inject({
    method: "PUT",
    url: "/admin/realms/aauth-test",
    headers,
    payload: { ...realm, attributes: { ...realm.attributes, ...attributes } },
  });
  expect(update.statusCode).toBe(204);
}

/** Requires consent for the scope `supply-chain:optimize`, as the user-delegated preset does. */
export const ASK_FOR_OPTIMIZE = { "aauth.consent.required.scopes": '["supply-chain:optimize"]' };

/** Asserts a refusal by status, `error` and reason. */
export function expectRefusal(reply: Reply, status: number, error: string, reason: Reason): void {
  expect(reply.body).toEqual({ error, error_description: expect.any(String) });
  expectReason(reply, reason);
  expect(reply.status).toBe(status);
  expect(reply.headers["cache-control"]).toBe("no-store");
}

function signatureKey(scheme: Scheme, agent: string) {
  if (scheme === "jwks") return { scheme, id: agent } as const;
  if (scheme === "hwk") return { scheme } as const;
  return { scheme: "jwt", jwt: scheme.jwt } as const;
}

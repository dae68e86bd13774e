/**
 * A resource of draft -11 on a socket, found by an identifier without port (draft -11, sections 6,
 * 11.2, 11.8 and 11.12).
 */

import {
  type AAuthEvent,
  type AddressMap,
  createAddressMap,
  createDiscovery,
  decodeToken,
  draft11,
  generateSigningKey,
  type SigningKey,
  StoreUnavailableError,
  signRequest,
  toJwks,
} from "aauth";
import { february2026, february2026Resource } from "aauth/february-2026";
import type { ResourceOptions } from "aauth/resource";
import { issueAgentToken, issueAuthToken, issuePersonToken } from "aauth/server";
import { parseRequirement, TOKEN_TYPES } from "aauth/wire";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type FastifyAAuthOptions,
  fastifyAAuth,
  sendAnswer,
  serveEndpoints,
  serveParty,
  serveWellKnown,
} from "../src/index.ts";

const RESOURCE = "https://resource.example";
const PERSON_SERVER = "https://ps.example";
const PROVIDER = "https://agent.example";
const AGENT = "aauth:planner@agent.example";
const PERSON = "person-1";
const SCOPES = { "data.read": "Read your documents", "orders.write": "Order in your name" };

const keyOf = (kid: string) => generateSigningKey({ kid });
const keys = {
  resource: await keyOf("rs-1"),
  person: await keyOf("ps-1"),
  provider: await keyOf("ap-1"),
  agent: await keyOf("agent-1"),
};

const confirmationKey = keys.agent.publicJwk;
const agentToken = async () =>
  (await issueAgentToken({ key: keys.provider, issuer: PROVIDER, agent: AGENT, confirmationKey })).token;
const personToken = async (subject = PERSON) => {
  const issuer = { key: keys.person, issuer: PERSON_SERVER, audience: RESOURCE };
  return (await issuePersonToken({ ...issuer, subject, confirmationKey })).token;
};
const authToken = async (scope: string, account?: string) => {
  const issuer = { key: keys.person, issuer: PERSON_SERVER, audience: RESOURCE };
  return (await issueAuthToken({ ...issuer, subject: PERSON, scope, account, confirmationKey })).token;
};

async function listen(app: FastifyInstance): Promise<string> {
  onTestFinished(() => app.close());
  return app.listen({ host: "127.0.0.1", port: 0 });
}

/** A party that only publishes its document and key. */
async function publisher(name: string, document: Record<string, string>, key: SigningKey): Promise<string> {
  const app = Fastify();
  const jwks = () => toJwks([key]);
  await serveWellKnown(app, {
    documents: { [name]: { jwks_uri: `${document.issuer}/jwks.json`, ...document } },
    jwks,
  });
  return listen(app);
}

/** Resource, person server and agent provider on loopback; an operator writes one table. */
async function world(
  routes: (scope: FastifyInstance) => void | Promise<void>,
  options: Omit<Partial<ResourceOptions>, "observer"> = {},
) {
  let map: AddressMap | undefined;
  const discovery = createDiscovery({
    transport: (url, init) => map!.documents(url, init),
  });
  const app = Fastify();
  const events: AAuthEvent[] = [];
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      resource: RESOURCE,
      profile: draft11,
      key: keys.resource,
      personServers: [PERSON_SERVER],
      discovery,
      scopes: Object.keys(SCOPES),
      scopeDescriptions: SCOPES,
      observer: (event) => events.push(event),
      ...options,
    });
    await routes(scope);
  });
  map = createAddressMap({
    [RESOURCE]: await listen(app),
    [PERSON_SERVER]: await publisher(
      "aauth-person.json",
      {
        issuer: PERSON_SERVER,
        person_token_endpoint: `${PERSON_SERVER}/person`,
        auth_token_endpoint: `${PERSON_SERVER}/token`,
      },
      keys.person,
    ),
    [PROVIDER]: await publisher("aauth-agent.json", { issuer: PROVIDER }, keys.provider),
  });
  const { requests } = map;

  /** A signed request of the agent with one of its tokens, or of a server in its own name. */
  async function send(
    path: string,
    by: string | Pick<Parameters<typeof signRequest>[1], "key" | "signatureKey" | "additionalComponents">,
    init: { method?: string; body?: unknown; headers?: Record<string, string>; arrivesAt?: string } = {},
  ): Promise<Response> {
    const { method = init.body === undefined ? "GET" : "POST" } = init;
    const body = init.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(init.body));
    const headers = { ...(body && { "content-type": "application/json" }), ...init.headers };
    const url = `${RESOURCE}${path}`;
    const signer =
      typeof by === "string" ? { key: keys.agent, signatureKey: { scheme: "jwt", jwt: by } as const } : by;
    const message = { method, url, headers, ...(body && { body }) };
    const signed = await signRequest(message, { profile: draft11, ...signer });
    const address = `${RESOURCE}${init.arrivesAt ?? path}`;
    return requests(address, { method, headers: { ...headers, ...signed.headers }, ...(body && { body }) });
  }
  return { app, map, discovery, events, send };
}

/** Signed in a server's own name. */
const itself = (key: SigningKey, id: string, document: string) => ({
  key,
  signatureKey: { scheme: "jwks_uri", id, document } as const,
});
const requirementOf = (response: Response) => {
  const value = response.headers.get("aauth-requirement");
  return value === null ? undefined : parseRequirement(value);
};
const pathOf = (response: Response) => new URL(response.headers.get("location")!).pathname;

const ROUTES = (scope: FastifyInstance) => {
  scope.get("/agent", { config: { aauth: { level: "agent-token" } } }, ({ caller }) => caller?.agent);
  scope.get("/person", { config: { aauth: { level: "person-token" } } }, ({ caller }) => caller?.person?.sub);
  const data = { level: "auth-token", scopes: ["data.read"] } as const;
  scope.route({ method: ["GET", "POST"], url: "/data", config: { aauth: data }, handler: () => "the data" });
  const account = { ...data, account: "eu" };
  scope.get("/eu", { config: { aauth: account } }, () => "data of the account");
};

describe("the ladder, over sockets", () => {
  test("agent token, person token, auth token: each route names the next step", async () => {
    const { send } = await world(ROUTES);
    const [agent, person] = [await agentToken(), await personToken()];
    expect(await (await send("/agent", agent)).text()).toBe(AGENT);
    const names = await send("/agent", person);
    expect([names.status, requirementOf(names)]).toEqual([401, { requirement: "agent-token" }]);
    for (const path of ["/person", "/data"]) {
      const asked = await send(path, agent);
      expect([asked.status, requirementOf(asked)]).toEqual([401, { requirement: "person-token" }]);
    }
    expect(await (await send("/person", person)).text()).toBe(PERSON);
    const challenged = await send("/data", person);
    expect([challenged.status, challenged.headers.get("signature-error")]).toEqual([401, null]);
    const resourceToken = decodeToken(requirementOf(challenged)!.resourceToken!);
    expect(resourceToken.header).toMatchObject({
      typ: TOKEN_TYPES.resource,
      alg: "Ed25519",
      kid: "rs-1",
    });
    expect(resourceToken.claims).toMatchObject({
      iss: RESOURCE,
      aud: PERSON_SERVER,
      ps: PERSON_SERVER,
      sub: PERSON,
      scope: "data.read",
      agent_jkt: keys.agent.thumbprint,
      presented_jti: decodeToken(person).claims.jti,
    });
    const token = await authToken("data.read");
    expect(await (await send("/data", token)).text()).toBe("the data");
    expect(await (await send("/data", token, { body: { a: 1 } })).text()).toBe("the data");
    expect(await (await send("/person", token)).text()).toBe(PERSON);
  });

  test("E16: a handler sees the resource as host, whatever Host the request came with", async () => {
    const { app } = await world((scope) => {
      scope.get("/host", { config: { aauth: { level: "agent-token" } } }, ({ host }) => host);
    });
    const signatureKey = { scheme: "jwt", jwt: await agentToken() } as const;
    const message = { method: "GET", url: `${RESOURCE}/host`, headers: {} };
    const { headers } = await signRequest(message, { profile: draft11, key: keys.agent, signatureKey });
    const answer = await app.inject({ url: "/host", headers: { ...headers, host: "evil.example" } });
    expect(answer.body).toBe("resource.example");
  });

  test("T17: a resource with an access server names it, and accepts no auth token of a person server", async () => {
    const { send } = await world(ROUTES, { accessServer: "https://as.example" });
    const { resourceToken } = requirementOf(await send("/data", await personToken()))!;
    expect(decodeToken(resourceToken!).claims).toMatchObject({
      aud: "https://as.example",
      ps: PERSON_SERVER,
    });
    const refused = await send("/data", await authToken("data.read"));
    expect([refused.status, refused.headers.get("signature-error")]).toEqual([401, "error=invalid_jwt"]);
  });
});

describe("the query of a signed request", () => {
  const signedBy = (jwt: string) => ({
    key: keys.agent,
    signatureKey: { scheme: "jwt", jwt } as const,
    additionalComponents: ["@query"],
  });

  test("E1: has to be covered, and is refused when it is changed", async () => {
    const { send } = await world(ROUTES);
    const token = await authToken("data.read");
    expect((await send("/data", token)).status).toBe(200);
    const uncovered = await send("/data?x=1", token);
    expect([uncovered.status, uncovered.headers.get("signature-error")]).toEqual([
      401,
      'error=invalid_input, required_input=("@method" "@authority" "@path" "signature-key" "@query")',
    ]);
    expect((await send("/data?x=1", signedBy(token))).status).toBe(200);
    for (const arrivesAt of ["/data?x=2", "/data?", "/data"]) {
      const changed = await send("/data?x=1", signedBy(token), { arrivesAt });
      expect([arrivesAt, changed.status, changed.headers.get("signature-error")]).toEqual([
        arrivesAt,
        401,
        "error=invalid_signature",
      ]);
    }
  });

  test("is left uncovered where the resource lists other components", async () => {
    const additionalSignatureComponents = ["content-digest", "content-type"];
    const { send } = await world(ROUTES, { additionalSignatureComponents });
    expect((await send("/data?x=1", await authToken("data.read"))).status).toBe(200);
  });
});

describe("the documents of a resource", () => {
  test("are readable through the map: documents, and keys with their algorithm", async () => {
    const { app, discovery } = await world(ROUTES, {
      toleranceSeconds: 30,
      about: { name: "Documents", access_mode: "auth-token" },
      agent: { name: "Documents" },
    });
    expect(await discovery.metadata(draft11.documents.kinds.resource, RESOURCE)).toEqual({
      issuer: RESOURCE,
      jwks_uri: `${RESOURCE}/jwks.json`,
      name: "Documents",
      access_mode: "auth-token",
      authorization_endpoint: `${RESOURCE}/aauth/authorize`,
      revocation_endpoint: `${RESOURCE}/aauth/revoke`,
      scope_descriptions: SCOPES,
      signature_window: 30,
      additional_signature_components: ["content-digest", "content-type", "@query"],
    });
    expect(await discovery.metadata(draft11.documents.kinds.agent, RESOURCE)).toMatchObject({
      issuer: RESOURCE,
      name: "Documents",
    });
    expect((await app.inject("/.well-known/aauth-resource")).statusCode).toBe(404);
  });
});

describe("options that could never work", () => {
  const identity = { resource: RESOURCE, key: keys.resource };
  const register = (options: object) =>
    Fastify().register(fastifyAAuth, { ...identity, ...options } as FastifyAAuthOptions);

  test.each([
    ["scopes without person servers", { profile: draft11, scopes: ["data.read"] }],
    ["an access server without person servers", { profile: draft11, accessServer: "https://as.example" }],
    ["a resource with a port", { profile: draft11, resource: "https://resource.example:8443" }],
    ["variants", { profile: draft11, accept: [] }],
    ["a document member that does not exist", { profile: draft11, about: { title: "x" } }],
    [
      "person servers in February",
      {
        profile: february2026Resource({ authServer: "https://as.example" }),
        personServers: [PERSON_SERVER],
      },
    ],
    ["February without an auth server", { profile: february2026 }],
  ])("%s", async (_, options) => {
    await expect(register(options)).rejects.toThrow(TypeError);
  });

  test("a route for persons without a trusted person server", async () => {
    const app = Fastify();
    await app.register(fastifyAAuth, { ...identity, profile: draft11 });
    const route = () => app.get("/", { config: { aauth: { level: "person-token" } } }, () => "");
    expect(route).toThrow(TypeError);
  });
});

describe("deferred answers", () => {
  test("the resource asks its person itself, and returns a session to the agent", async () => {
    const { send } = await world(async (scope) => {
      const resource = scope.aauth.resource!;
      const sessions = resource.sessions<{ user: string }>();
      const interactionUrl = `${RESOURCE}/interaction`;
      const deferred = resource.deferred<null>({ interactionUrl, retryAfterSeconds: 0 });
      await serveEndpoints(scope, [deferred.endpoint]);
      scope.get("/mail", { config: { aauth: { level: "agent-token" } } }, async (request, reply) => {
        const session = await sessions.find(request.headers, request.caller!);
        if (session !== undefined) return `mail of ${session.user}`;
        const { answer } = await deferred.begin(request.caller!, { requirement: "interaction", data: null });
        return sendAnswer(reply, answer);
      });
      scope.get("/interaction", { config: { aauth: "public" } }, async (request) => {
        const opened = await deferred.open((request.query as { code: string }).code, request.ip);
        if (typeof opened === "string") return opened;
        const headers = await sessions.start(opened, { user: "dana" });
        await deferred.finish(opened.id, { status: 200, headers, body: "" });
        return "thank you";
      });
    });
    const jwt = await agentToken();
    const asked = await send("/mail", jwt);
    expect([asked.status, asked.headers.get("cache-control")]).toEqual([202, "no-store"]);
    const { url, code } = requirementOf(asked)!;
    const path = pathOf(asked);
    expect((await send(path, jwt)).status).toBe(202);
    expect(await (await send(`/interaction?code=${code}`, jwt)).text()).toBe("thank you");
    expect(url).toBe(`${RESOURCE}/interaction`);
    const done = await send(path, jwt);
    expect([done.status, await done.text()]).toEqual([200, ""]);
    expect((await send(path, jwt)).status).toBe(410);
    const authorization = `AAuth ${done.headers.get("aauth-access")}`;
    expect(await (await send("/mail", jwt, { headers: { authorization } })).text()).toBe("mail of dana");
    const malformed = await send("/mail", jwt, { headers: { authorization: "AAuth a b" } });
    expect([malformed.status, ((await malformed.json()) as { code: string }).code]).toEqual([
      401,
      "malformed_token",
    ]);
  });

  test("an endpoint that fails is logged and answers server_error, one without room 503", async () => {
    const { send } = await world(async (scope) => {
      const endpoint = (path: string, error: Error) => ({
        path,
        methods: ["POST"],
        maxBodyBytes: 10,
        handle: () => Promise.reject(error),
      });
      const full = Object.assign(new Error("full"), { code: "store_full" });
      const down = new StoreUnavailableError("db.internal");
      const failing = [
        endpoint("/fails", new Error("inside")),
        endpoint("/full", full),
        endpoint("/down", down),
      ];
      await serveEndpoints(scope, failing);
    });
    const jwt = await agentToken();
    const failed = await send("/fails", jwt, { body: 1 });
    expect([failed.status, await failed.json()]).toEqual([500, { error: "server_error" }]);
    const full = await send("/full", jwt, { body: 1 });
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "30"]);
    const down = await send("/down", jwt, { body: 1 });
    expect([down.status, down.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(await down.json()).toEqual({ error: "store_unavailable" });
    const large = await send("/fails", jwt, { body: "more than ten bytes" });
    expect([large.status, await large.json()]).toEqual([413, { error: "invalid_request" }]);
  });
});

test("a person server is served whole: bytes in, answers out, at its endpoints only", async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  const seen: unknown[] = [];
  await serveParty(app, {
    async handle({ method, target, body }) {
      seen.push([method, target, body && Buffer.from(body).toString()]);
      return target === "/aauth/nothing"
        ? undefined
        : { status: 202, headers: { location: "/there" }, body: "{}" };
    },
  });
  const posted = await app.inject({ method: "POST", url: "/aauth/token?x=1", payload: { a: 1 } });
  expect([posted.statusCode, posted.headers.location, posted.body]).toEqual([202, "/there", "{}"]);
  expect((await app.inject("/.well-known/aauth-person.json")).statusCode).toBe(202);
  expect((await app.inject({ method: "DELETE", url: "/aauth/pending/1" })).statusCode).toBe(202);
  expect((await app.inject("/aauth/nothing")).statusCode).toBe(404);
  expect((await app.inject("/elsewhere")).statusCode).toBe(404);
  expect(seen).toEqual([
    ["POST", "/aauth/token?x=1", '{"a":1}'],
    ["GET", "/.well-known/aauth-person.json", undefined],
    ["DELETE", "/aauth/pending/1", undefined],
    ["GET", "/aauth/nothing", undefined],
  ]);
});

describe("the endpoints of a resource", () => {
  test("authorization: a resource token before the call", async () => {
    const authorization = { holdsAccount: (_caller: unknown, account: string) => account === "eu" };
    const { send } = await world(ROUTES, { authorization });
    const answer = await send("/aauth/authorize", await personToken(), {
      body: { scope: "data.read", account: "eu" },
    });
    const { resource_token } = (await answer.json()) as { resource_token: string };
    expect(decodeToken(resource_token).claims).toMatchObject({ scope: "data.read", account: "eu" });
    const refused = await send("/aauth/authorize", await personToken(), { body: { scope: "data.delete" } });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: "invalid_scope" }]);
  });

  test("revocation: the person server revokes its token", async () => {
    const { send } = await world(ROUTES);
    const token = await personToken();
    const { jti, exp } = decodeToken(token).claims;
    const revoked = await send("/aauth/revoke", itself(keys.person, PERSON_SERVER, "aauth-person.json"), {
      body: { jti, exp },
    });
    expect([revoked.status, await revoked.text()]).toEqual([200, ""]);
    const refused = await send("/person", token);
    expect(refused.headers.get("signature-error")).toBe("error=revoked_jwt");
  });
});

describe("limits", () => {
  test("apply to the owner of agents, and to persons by the access granted to them", async () => {
    const { send, events } = await world((scope) => {
      const aauthLimits = {
        "agent-token": 1,
        "person-token": 2,
        "auth-token": 3,
        scopes: ["data.read"],
      } as const;
      for (const level of ["agent-token", "person-token"] as const) {
        scope.get(`/${level}`, { config: { aauth: { level }, aauthLimits } }, () => "");
      }
    });
    const statuses = async (path: string, jwt: string, times: number) => {
      const found: number[] = [];
      for (let time = 0; time < times; time++) found.push((await send(path, jwt)).status);
      return found;
    };
    expect(await statuses("/agent-token", await agentToken(), 2)).toEqual([200, 429]);
    expect(await statuses("/person-token", await personToken(), 3)).toEqual([200, 200, 429]);
    expect(await statuses("/person-token", await personToken(), 1)).toEqual([429]);
    expect(await statuses("/person-token", await personToken("person-2"), 1)).toEqual([200]);
    expect(await statuses("/person-token", await authToken("orders.write"), 1)).toEqual([429]);
    expect(await statuses("/person-token", await authToken("data.read"), 4)).toEqual([200, 200, 200, 429]);
    const limited = events.flatMap((event) => (event.type === "request_limited" ? [event.limit.level] : []));
    expect(new Set(limited)).toEqual(new Set(["agent-token", "person-token", "auth-token"]));
  });
});

/**
 * A person server, an access server, agents and resources that reach each other in memory. Tests
 * advance the clock.
 *
 * @module
 */

import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { Transport } from "../../src/discovery/transport.ts";
import type {
  AgentTokenClaims,
  AuthTokenClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "../../src/draft-11/claims.ts";
import { agentProviderMetadata, resourceMetadata } from "../../src/draft-11/documents.ts";
import { issueAgentToken, issueResourceToken } from "../../src/draft-11/issue-tokens.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import type { Observer } from "../../src/profile/events.ts";
import type { EndpointRole, SignatureKeyScheme } from "../../src/profile/messages.ts";
import type { Answer } from "../../src/profile/resource-rules.ts";
import { createAccessServer } from "../../src/server/access-server.ts";
import type { AccessServerOptions } from "../../src/server/access-server-types.ts";
import { createPersonServer } from "../../src/server/person-server.ts";
import type { PersonServerOptions } from "../../src/server/person-server-types.ts";
import type { StoreName } from "../../src/server/stores.ts";
import type { Decision } from "../../src/server/types.ts";
import { type ClaimStore, createMemoryClaimStore } from "../../src/store/claim-store.ts";
import type { RecordStore } from "../../src/store/record-store.ts";
import type { Stores } from "../../src/store/stores.ts";
import { signedRequest, type TestRequest } from "../../src/testing/signed-request.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import type { ProvenCaller, SigningKey } from "../../src/types.ts";
import { changed } from "../draft-11/kit.ts";
import { outsideStore } from "../store/outside-store.ts";
import { keysFile } from "../vectors/maker/keys.ts";

export { changed };

export const PS = "https://ps.example";
export const AS = "https://as.example";
export const PROVIDER = "https://agent.example";
export const AGENT = "aauth:planner@agent.example";
export const RESOURCE = "https://resource.example";
export const PARTS = "https://parts.example";
export const ALICE = "alice";
/** Endpoints of the person server. */
export const PERSON = `${PS}/aauth/person`;
export const TOKEN = `${PS}/aauth/token`;
export const POLL = { endpoint: "pending" } as const;

/** @throws Error for a code that was refused */
export function opened<Request extends object>(outcome: Request | string): Request {
  if (typeof outcome === "string") throw new Error(outcome);
  return outcome;
}

export const grant = (): Decision => ({ type: "grant" });

const key = (kid: string) => importSigningKey(keysFile[kid]!.jwk as unknown as PrivateJwk, { kid });
export const keys = {
  agent: await key("agent-1"),
  other: await key("agent-2"),
  worker: await key("agent-3"),
  provider: await key("ap-1"),
  ps: await key("ps-1"),
  as: await key("as-1"),
  resource: await key("rs-1"),
  parts: await key("rs-2"),
};
const secret = crypto.getRandomValues(new Uint8Array(32));

/** A parsed JSON answer. */
export interface Read {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: Record<string, any>;
}

/** The answer to an erroneous request, as a {@link Read}. */
export const refused = (status: number, error: string) => ({ status, body: { error } });

/** A caller: an agent with its agent token and key, or a server. */
export interface Caller {
  readonly key: SigningKey;
  readonly credential: SignatureKeyScheme;
}

/** The agent token of an agent. */
export const jwtOf = ({ credential }: Caller) => (credential as { jwt: string }).jwt;

export type World = ReturnType<typeof createWorld>;

export interface RequestMore {
  readonly headers?: Record<string, string>;
  readonly endpoint?: EndpointRole;
}

export interface ResourceOver {
  readonly issuer: string;
  readonly key: SigningKey;
  readonly scope: string;
  readonly account: string;
  readonly accessServer: string;
  readonly thumbprint: string;
  readonly loginHint: string;
  readonly interaction: { url: string; code: string };
  /** Changes claims and signs again. */
  readonly claims: Record<string, unknown>;
}

export const CAPABILITIES = ["interaction", "clarification"];

export interface WorldOptions {
  /** Unix seconds. Default: the world's own clock. */
  readonly now?: () => number;
  readonly ps?: Partial<PersonServerOptions>;
  readonly as?: Partial<AccessServerOptions>;
}

export function createWorld(options: WorldOptions = {}) {
  const clock = createTestClock();
  const { now = clock.now } = options;
  const documents = new Map<string, unknown>();
  const publish = (metadata: { readonly issuer: string }, name: string, own: SigningKey) => {
    documents.set(`${metadata.issuer}/.well-known/${name}`, metadata);
    documents.set(`${metadata.issuer}/jwks.json`, toJwks([own]));
  };
  publish(agentProviderMetadata({ issuer: PROVIDER }), "aauth-agent.json", keys.provider);
  for (const [issuer, own] of [
    [RESOURCE, keys.resource],
    [PARTS, keys.parts],
  ] as const) {
    const endpoints = {
      revocation_endpoint: `${issuer}/revoke`,
      scope_descriptions: { "data.read": "Read your data" },
    };
    publish(
      resourceMetadata({ issuer, name: `The ${new URL(issuer).host}`, ...endpoints }),
      "aauth-resource.json",
      own,
    );
    publish(agentProviderMetadata({ issuer }), "aauth-agent.json", own);
  }

  let count = 0;
  /** Requests that servers sent to others, as `METHOD url`. */
  const sent: string[] = [];
  /** Addresses fetched. */
  const fetched: string[] = [];
  /** Errors that the servers reported. */
  const logged: unknown[] = [];
  /** Handlers that replace a host. */
  const hosts = new Map<string, (url: URL, init: Parameters<Transport>[1]) => Answer | Promise<Answer>>();
  const discovery = createDiscovery({
    now,
    async transport(url) {
      fetched.push(url.href);
      const known = documents.get(url.href) ?? (await published(url));
      return {
        status: known === undefined ? 404 : 200,
        body: new TextEncoder().encode(JSON.stringify(known ?? null)),
      };
    },
  });
  async function published(url: URL): Promise<unknown> {
    const answer = await serverAt(url.host)?.handle({
      method: "GET",
      target: url.pathname,
      headers: {},
      body: undefined,
    });
    return answer?.status === 200 ? JSON.parse(answer.body) : undefined;
  }
  const transport: Transport = async (address, init) => {
    // A signature is valid for one target.
    if (init.redirect !== "manual") throw new TypeError("a redirect would be followed");
    const url = new URL(address);
    sent.push(`${init.method} ${address}`);
    const other = hosts.get(url.host);
    const server = serverAt(url.host);
    const length = init.body === undefined ? {} : { "content-length": String(init.body.byteLength) };
    const headers = { ...init.headers, ...length };
    const answer =
      (await other?.(url, { ...init, headers })) ??
      (await server?.handle({
        method: init.method,
        target: `${url.pathname}${url.search}`,
        headers,
        body: init.body,
      }));
    if (answer === undefined) throw new Error(`nothing listens at ${url.host}`);
    const body = answer.status === 204 || answer.body === "" ? null : answer.body;
    return new Response(body, { status: answer.status, headers: { ...answer.headers } });
  };
  const observer: Observer = (event) => {
    if (event.type === "unexpected_error") logged.push(event.error);
  };
  const stores = storesOf(() => outsideStore({ now }, () => Promise.resolve()));
  const personServer = () =>
    createPersonServer({
      issuer: PS,
      key: keys.ps,
      discovery,
      subjectSecret: secret,
      accessServers: [AS],
      transport,
      now,
      observer,
      stores,
      ...options.ps,
    });
  const ps = personServer();
  const as = createAccessServer({
    issuer: AS,
    key: keys.as,
    discovery,
    resources: [RESOURCE, PARTS],
    personServers: [PS],
    transport,
    now,
    observer,
    decide: grant,
    ...options.as,
  });
  const serverAt = (host: string) => [ps, as].find(({ metadata }) => new URL(metadata.issuer).host === host);

  for (const host of [new URL(RESOURCE).host, new URL(PARTS).host]) {
    hosts.set(host, () => ({ status: 200, headers: {}, body: "" }));
  }

  type AgentTokenOver = Partial<Parameters<typeof issueAgentToken>[0]>;
  const world = {
    clock,
    ps,
    as,
    discovery,
    sent,
    fetched,
    logged,
    transport,
    hosts,
    documents,
    stores,
    /** Another process of the person server, over the same stores. */
    anotherProcess: personServer,

    async agentToken(over: AgentTokenOver = {}): Promise<string> {
      const { token } = await issueAgentToken({
        key: keys.provider,
        issuer: PROVIDER,
        agent: AGENT,
        personServer: PS,
        confirmationKey: keys.agent.publicJwk,
        now,
        ...over,
      });
      return token;
    },
    async agent({
      signs = keys.agent,
      ...over
    }: AgentTokenOver & { readonly signs?: SigningKey } = {}): Promise<Caller> {
      const jwt = await world.agentToken({ confirmationKey: signs.publicJwk, ...over });
      return { key: signs, credential: { scheme: "jwt", jwt } };
    },
    server(id: string): Caller {
      const known: Record<string, readonly [SigningKey, string]> = {
        [PS]: [keys.ps, "aauth-person.json"],
        [AS]: [keys.as, "aauth-access.json"],
        [RESOURCE]: [keys.resource, "aauth-resource.json"],
        [PARTS]: [keys.parts, "aauth-resource.json"],
        [PROVIDER]: [keys.provider, "aauth-agent.json"],
      };
      const [own, document] = known[id]!;
      return { key: own, credential: { scheme: "jwks_uri", id, document } };
    },

    request(
      caller: Caller,
      method: string,
      url: string,
      body?: object,
      { headers = {}, endpoint = "token" }: RequestMore = {},
    ): Promise<TestRequest> {
      return signedRequest({
        method,
        url,
        headers,
        endpoint,
        now,
        profile: draft11,
        key: caller.key,
        signatureKey: caller.credential,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
    async send(
      caller: Caller,
      method: string,
      url: string,
      body?: object,
      more?: RequestMore,
    ): Promise<Read> {
      // The clock stands still, so a message that was sent before is refused.
      const own = body === undefined ? undefined : { ...body, count: count++ };
      const request = await world.request(caller, method, url, own, more);
      const answer = await serverAt(new URL(url).host)!.handle(request);
      return read(answer!);
    },

    /** A resource token for a request that carried `presented`. */
    async resourceToken(presented: string, over: Partial<ResourceOver> = {}): Promise<string> {
      const { claims } = decodeJwt(presented);
      const { typ } = decodeJwt(presented).header;
      const { thumbprint = keys.agent.thumbprint, claims: changes, ...more } = over;
      const base = { profile: "draft-11", scheme: "jwt", key: keys.agent.publicJwk, thumbprint };
      const caller = (
        typ === "aa-person+jwt"
          ? { ...base, level: "person-token", identityToken: claims }
          : { ...base, level: "auth-token", grant: { scopes: [], claims, token: presented } }
      ) as ProvenCaller;
      const own = { key: keys.resource, issuer: RESOURCE, scope: "data.read", ...more };
      const { token } = await issueResourceToken({ ...own, caller, now });
      return changes === undefined ? token : changed(token, own.key, changes);
    },

    /** A person token, with the person's consent if required. */
    async personToken(caller: Caller, over: object = {}): Promise<string> {
      const body = { resource: RESOURCE, capabilities: CAPABILITIES, ...over };
      return (await obtain(caller, PERSON, body)).person_token;
    },
    /** The resource token and the presented token of an auth token request. */
    async pair(caller: Caller, over: Partial<ResourceOver> = {}) {
      const resource = over.issuer === undefined ? {} : { resource: over.issuer };
      const presented_token = await world.personToken(caller, resource);
      const thumbprint = caller.key.thumbprint;
      return {
        resource_token: await world.resourceToken(presented_token, { thumbprint, ...over }),
        presented_token,
      };
    },
    /** All requests up to the auth token, approved if the person is asked. */
    async authToken(caller: Caller, over: Partial<ResourceOver> = {}): Promise<string> {
      const body = { ...(await world.pair(caller, over)), capabilities: CAPABILITIES };
      return (await obtain(caller, TOKEN, body)).auth_token;
    },
    /** Approves the only request that waits for the code. */
    async approve(
      { headers }: Read,
      { person = ALICE, ...grant }: Partial<Parameters<typeof ps.approve>[1]> = {},
    ): Promise<void> {
      const { reference, version } = opened(await ps.open(codeOf(headers), "browser"));
      const result = await ps.approve(reference, { version, person, ...grant });
      if (result !== "done") throw new Error(result);
    },
    poll: (caller: Caller, { headers }: Read, more: Record<string, string> = {}): Promise<Read> =>
      world.send(caller, "GET", headers.location!, undefined, { endpoint: "pending", headers: more }),
    /** Polls after this many seconds. */
    later(caller: Caller, pending: Read, seconds = 1): Promise<Read> {
      clock.advance(seconds);
      return world.poll(caller, pending);
    },
  };
  return world;

  /** Requests a token, with the person's consent if required. */
  async function obtain(caller: Caller, url: string, body: object): Promise<Read["body"]> {
    let answer = await world.send(caller, "POST", url, body);
    if (answer.status === 202) {
      await world.approve(answer);
      clock.advance(1);
      answer = await world.poll(caller, answer);
    }
    if (answer.status !== 200) throw new Error(JSON.stringify(answer));
    return answer.body;
  }
}

/** A store of each kind, and stores of a server made of them. */
export function storesOf(
  open: (name: StoreName) => RecordStore<unknown>,
  replay: ClaimStore = createMemoryClaimStore(),
): Readonly<Record<StoreName, RecordStore<unknown>>> & Stores {
  const stores = {
    pending: open("pending"),
    revocations: open("revocations"),
    tokens: open("tokens"),
    people: open("people"),
    missions: open("missions"),
    logs: open("logs"),
  };
  return {
    ...stores,
    claims: () => replay,
    records: <Value>(name: string) => stores[name.split(" ")[0] as StoreName] as RecordStore<Value>,
  };
}

export function read({ status, headers, body }: Answer): Read {
  return { status, headers, body: body === "" ? {} : JSON.parse(body) };
}

export const codeOf = (headers: Read["headers"]): string =>
  /code="([^"]+)"/.exec(headers["aauth-requirement"] ?? "")?.[1] ?? "";

type Claims = AgentTokenClaims & PersonTokenClaims & AuthTokenClaims & ResourceTokenClaims;
export const claimsOf = (token: string): Claims => decodeJwt(token).claims as unknown as Claims;

import { type AgentOptions, createAgent } from "../../src/agent/index.ts";
import type { Transport, TransportRequest } from "../../src/discovery/transport.ts";
import {
  agentProviderMetadata,
  personServerMetadata,
  resourceMetadata,
} from "../../src/draft-11/documents.ts";
import { issueAgentToken, issueAuthToken, issuePersonToken } from "../../src/draft-11/issue-tokens.ts";
import type { Draft11Level } from "../../src/draft-11/names.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { AAuthAgentError, AAuthError } from "../../src/errors.ts";
import { requestTarget } from "../../src/http-signatures/authority.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { AAuthEvent } from "../../src/profile/events.ts";
import type { RevocationCheck } from "../../src/profile/verification.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../../src/types.ts";
import {
  ACCESS_SERVER,
  AGENT,
  ANY_AGENT,
  discoveryOf,
  keys,
  NOW,
  PERSON_SERVER,
  PROVIDER,
  publications,
  RESOURCE,
  TO_READ,
} from "./kit.ts";

/** A resource that the resource calls, as an agent. */
export const PARTS = "https://parts.example";
export const INTERMEDIARY = "aauth:desk@resource.example";
export const SUB_AGENT = "aauth:planner+search@agent.example";
/** A person server of another person. */
export const OTHER_SERVER = "https://other.example";
export const DATA = `${RESOURCE}/data`;
export const SOON = "0.02";

const partsKey = await generateSigningKey({ kid: "parts-1" });

export interface Sent extends TransportRequest {
  readonly url: string;
  /** `typ` of the token in `Signature-Key`. */
  readonly token: string;
  readonly jwt: string;
  readonly json: Readonly<Record<string, unknown>>;
}
export type Answer = (request: Sent) => Promise<Response> | Response;

export const received = ({ url, method, headers, body }: Sent) => ({
  method,
  ...requestTarget(url),
  headers: { ...headers, ...(body && { "content-length": String(body.byteLength) }) },
  body,
});

export const problem = (status: number, error?: string, headers: Record<string, string> = {}) =>
  new Response(error === undefined ? null : JSON.stringify({ error, detail: `because of ${error}` }), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });

export const accepted = (headers: Record<string, string> = {}, body: object = { status: "pending" }) =>
  Response.json(body, {
    status: 202,
    headers: { location: "/pending/1", "retry-after": SOON, "cache-control": "no-store", ...headers },
  });

export const requirement = (value: string) => ({ "aauth-requirement": `requirement=${value}` });
export const INTERACTION = requirement(`interaction; url="https://ps.example/visit"; code="A1B2-C3D4"`);

/** Documents of a resource that issues resource tokens before a call. */
export const OFFERING = {
  [`${RESOURCE}/.well-known/aauth-resource.json`]: resourceMetadata({
    issuer: RESOURCE,
    authorization_endpoint: `${RESOURCE}/authorize`,
  }),
};

export interface WorldOptions {
  readonly accessServer?: string;
  readonly published?: Record<string, unknown>;
  /** Default: an auth token with one scope. */
  readonly requirement?: Requirement<Draft11Level>;
}

/**
 * An agent, two resources with verifiers and challengers, and a short person server, over a
 * transport in memory.
 */
export function createWorld(options: WorldOptions = {}) {
  const clock = { time: NOW };
  const now = () => clock.time;
  const published = publications();
  const publish = (metadata: { readonly issuer: string }, name: string, own: SigningKey) => {
    published.set(`${metadata.issuer}/.well-known/${name}`, metadata);
    published.set(`${metadata.issuer}/jwks.json`, toJwks([own]));
  };
  publish(resourceMetadata({ issuer: PARTS }), "aauth-resource.json", partsKey);
  publish(agentProviderMetadata({ issuer: RESOURCE }), "aauth-agent.json", keys.resource);
  const members = {
    auth_token_endpoint: `${PERSON_SERVER}/token`,
    person_token_endpoint: `${PERSON_SERVER}/person`,
    interaction_endpoint: `${PERSON_SERVER}/interaction`,
    mission_endpoint: `${PERSON_SERVER}/mission`,
  };
  publish(personServerMetadata({ issuer: PERSON_SERVER, ...members }), "aauth-person.json", keys.person);
  for (const [address, document] of Object.entries(options.published ?? {})) published.set(address, document);
  const discovery = discoveryOf(published);
  const sent: Sent[] = [];
  const events: AAuthEvent[] = [];
  const ours = { profile: draft11, discovery, now };
  const personServers = [PERSON_SERVER, ACCESS_SERVER];

  const resourceOf = (issuer: string, key: SigningKey) => {
    const authorities = [new URL(issuer).host];
    const isRevoked: RevocationCheck = (token) => world.isRevoked(token);
    const verifier = createVerifier({
      ...ours,
      authorities,
      audience: issuer,
      personServers,
      isRevoked,
    });
    const challenger = createChallenger({
      profile: draft11,
      key,
      resource: issuer,
      now,
      accessServer: options.accessServer,
    });
    return async (request: Sent): Promise<Response> => {
      try {
        const { caller } = await verifier.verifyRequest(received(request), world.requirement);
        world.seen.push(caller);
        return new Response(caller.level);
      } catch (error) {
        if (!(error instanceof AAuthError)) throw error;
        const answer = await challenger.challengeFor(error, world.requirement);
        return new Response(answer.body, answer);
      }
    };
  };
  const atServer = createVerifier({
    ...ours,
    endpoint: "token",
    authorities: ["ps.example"],
  });

  const usual = { resource: resourceOf(RESOURCE, keys.resource), server: personServer };
  const world = {
    clock,
    discovery,
    sent,
    events,
    requirement: options.requirement ?? (TO_READ as Requirement<Draft11Level>),
    isRevoked: (() => false) as RevocationCheck,
    /** Callers that the resources have served. */
    seen: [] as ProvenCaller[],
    /** Claims of the person server's tokens that replace the correct ones. */
    person: {} as Partial<Parameters<typeof issuePersonToken>[0]>,
    auth: {} as Partial<Parameters<typeof issueAuthToken>[0]>,
    resource: usual.resource as Answer,
    server: usual.server as Answer,
    /** Answers of the parties unless a test replaces them. */
    usual,
    /** Handlers by origin, which a test may replace. */
    at: {
      [RESOURCE]: (request: Sent) => world.resource(request),
      [PARTS]: resourceOf(PARTS, partsKey),
      [PERSON_SERVER]: (request: Sent) => world.server(request),
    } as Record<string, Answer>,
    agentToken: (key: SigningKey) => agentTokenOf(key),
    agentTokenOf,
    agent: (more: Partial<AgentOptions> = {}) =>
      createAgent({
        id: AGENT,
        key: keys.agent,
        profile: draft11,
        discovery,
        transport,
        now,
        agentToken: (key) => world.agentToken(key),
        personServer: PERSON_SERVER,
        observer: (event) => void events.push(event),
        timeouts: { waitingMs: 2_000 },
        ...more,
      }),
    /** Requests on the wire, abbreviated. */
    story: () =>
      sent.map(({ url, method, token }) => `${method} ${new URL(url).pathname.slice(1)} ${SHORT[token]}`),
    asked: (path: string) => sent.filter(({ url }) => new URL(url).pathname === path).map(({ json }) => json),
  };

  async function agentTokenOf(
    key: SigningKey,
    more: Partial<Parameters<typeof issueAgentToken>[0]> = {},
  ): Promise<string> {
    const own = { key: keys.provider, issuer: PROVIDER, agent: AGENT, confirmationKey: key.publicJwk, now };
    return (await issueAgentToken({ ...own, ...more })).token;
  }

  const transport: Transport = async (url, request) => {
    request.signal?.throwIfAborted();
    const jwt = /jwt="([^"]+)"/.exec(request.headers["signature-key"] ?? "")?.[1] ?? "";
    const text = new TextDecoder().decode(request.body);
    const json = text.startsWith("{") ? JSON.parse(text) : {};
    const seen = { ...request, url, jwt, token: String(decodeJwt(jwt).header.typ), json };
    sent.push(seen);
    const answer = world.at[new URL(url).origin];
    if (answer === undefined) throw new TypeError("no such host");
    return answer(seen);
  };

  /** Issues the requested token to the proven caller. */
  async function personServer(request: Sent): Promise<Response> {
    const { caller } = await atServer.verifyRequest(received(request), ANY_AGENT);
    const { json, url } = request;
    const { subagent_token: subagent } = json;
    const confirmationKey = (
      typeof subagent === "string"
        ? (decodeJwt(subagent).claims.cnf as { jwk: ProvenCaller["key"] }).jwk
        : caller.key
    ) as ProvenCaller["key"];
    const common = { key: keys.person, issuer: PERSON_SERVER, confirmationKey, now };
    if (new URL(url).pathname === "/person") {
      const audience = String(json.resource);
      const mission = typeof json.mission_s256 === "string" ? { missionS256: json.mission_s256 } : {};
      const subject = `person at ${audience}`;
      const issued = await issuePersonToken({ ...common, audience, subject, ...mission, ...world.person });
      return Response.json({ person_token: issued.token, expires_in: 3600 });
    }
    const { claims } = decodeJwt(String(json.resource_token));
    const isFederated = claims.aud === ACCESS_SERVER;
    const issued = await issueAuthToken({
      ...common,
      ...(isFederated && { key: keys.access, issuer: ACCESS_SERVER, personServer: PERSON_SERVER }),
      audience: String(claims.iss),
      subject: String(claims.sub),
      scope: claims.scope as string,
      ...(claims.account !== undefined && { account: String(claims.account) }),
      ...world.auth,
    });
    return Response.json({ auth_token: issued.token, expires_in: 3600 });
  }

  return world;
}

const SHORT: Readonly<Record<string, string>> = {
  "aa-agent+jwt": "A",
  "aa-person+jwt": "P",
  "aa-auth+jwt": "T",
};

export type World = ReturnType<typeof createWorld>;

/** The resource token of a challenge. */
export const resourceTokenIn = ({ headers }: Response): string | undefined =>
  /resource-token="([^"]+)"/.exec(headers.get("aauth-requirement") ?? "")?.[1];

/** The resource challenges with another resource token instead of its own. */
export function replaceResourceToken(
  world: World,
  change: (token: string, request: Sent) => Promise<string>,
): void {
  const { resource } = world;
  world.resource = async (request) => {
    const answer = await resource(request);
    const token = resourceTokenIn(answer);
    if (token === undefined) return answer;
    const replaced = await change(token, request);
    return problem(401, undefined, requirement(`auth-token; resource-token="${replaced}"`));
  };
}

/** The error of an agent's call; any other error fails the test. */
export async function failureOf<T extends AAuthAgentError = AAuthAgentError>(
  promise: Promise<unknown>,
): Promise<T> {
  const error = await promise.then(
    () => new Error("nothing was refused"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AAuthAgentError) return error as T;
  throw error;
}

/**
 * A server that reports its answer as pending `times` times, and then answers the original request.
 */
export function deferring(serve: Answer, times: number, headers: Record<string, string> = {}): Answer {
  const kept: Sent[] = [];
  let looks = 0;
  return async (request) => {
    if (request.method === "POST" && !request.url.includes("/pending/")) {
      kept.push(request);
      looks = 0;
      return accepted(headers);
    }
    looks++;
    return looks < times ? accepted(headers) : serve(kept.at(-1)!);
  };
}

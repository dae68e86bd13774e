import type { AgentOptions } from "../../src/agent/index.ts";
import { createAgent } from "../../src/agent/index.ts";
import type { Transport, TransportRequest } from "../../src/discovery/transport.ts";
import { AAuthError } from "../../src/errors.ts";
import { februaryAgent } from "../../src/february-2026/agent.ts";
import { formatAgentAuth } from "../../src/february-2026/agent-auth.ts";
import { type FebruaryAgentOptions, february2026Agent } from "../../src/february-2026/agent-profile.ts";
import { issueAuthToken, issueResourceToken } from "../../src/february-2026/issue-tokens.ts";
import { february2026, february2026Resource } from "../../src/february-2026/profile.ts";
import { verifyAuthToken, verifyResourceToken } from "../../src/february-2026/verify-tokens.ts";
import { requestTarget } from "../../src/http-signatures/authority.ts";
import type { AAuthEvent } from "../../src/profile/events.ts";
import { type ChallengerOptions, createChallenger } from "../../src/resource/challenge.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import type { Requirement, VerifiedRequest } from "../../src/types.ts";
import { createTestParties } from "../february-2026/parties.ts";

export interface SentRequest extends TransportRequest {
  readonly url: string;
  /** `hwk`, `jwks` or `jwt`, from Signature-Key. */
  readonly scheme: string;
  readonly form: Record<string, string>;
}

type Answer = (request: SentRequest) => Promise<Response> | Response;

/**
 * The demo's backend against the demo's supply-chain agent and auth server, over a transport in
 * memory. Both ends have a real verifier; every part can be replaced for one test.
 */
export async function createWorld(options: { challenger?: Partial<ChallengerOptions> } = {}) {
  const parties = await createTestParties();
  const { agent, resource, authServer, discovery, clock } = parties;
  const { now } = clock;
  const sent: SentRequest[] = [];
  const events: AAuthEvent[] = [];
  const verifier = parties.createVerifier();
  const challenger = createChallenger({
    profile: february2026Resource({ authServer: authServer.issuer }),
    key: resource.key,
    resource: resource.id,
    now,
    ...options.challenger,
  });
  /** An upstream token is held by the resource it was issued for. */
  async function tokenHolder(token: string) {
    const audience = String(decodeJwt(token).claims.aud);
    await verifyAuthToken(token, { audience, trustedIssuers: [authServer.issuer], discovery, now });
    return {
      agent: audience,
      keys: (await discovery.keys(february2026.documents.kinds.resource, audience)).keys,
    };
  }
  const atAuthServer = createVerifier({
    profile: february2026Resource({ tokenHolder }),
    authorities: ["localhost:8080"],
    discovery,
    now,
  });

  const world = {
    parties,
    sent,
    events,
    requirement: { level: "authorized", scopes: ["supply-chain:optimize"] } as Requirement,
    /** Claims that the auth server adds to its tokens. */
    granting: {} as { lifetimeSeconds?: number },
    seen: [] as VerifiedRequest[],
    /** Answers of the resource, and of the token endpoint. */
    resource: defaultResource as Answer,
    tokenEndpoint: defaultTokenEndpoint as Answer,
    transport: transport as Transport,
    agent: (more: Partial<AgentOptions> = {}, own: Partial<FebruaryAgentOptions> = {}) =>
      februaryAgent(
        createAgent({
          profile: february2026Agent({
            signatureScheme: "jwks",
            authServers: [authServer.issuer],
            redirectUri: `${agent.id}/auth/aauth/callback`,
            ...own,
          }),
          id: agent.id,
          key: agent.key,
          discovery,
          transport: (url, request) => world.transport(url, request),
          observer: (event) => void events.push(event),
          now,
          ...more,
        }),
      ),
    /** Requests on the wire, abbreviated. */
    story: () =>
      sent.map(({ url, scheme, form }) =>
        url.includes("/agent/token") ? `token ${form.request_type} ${scheme}` : `resource ${scheme}`,
      ),
  };

  async function transport(url: string, request: TransportRequest): Promise<Response> {
    const scheme = /scheme=(\w+)/.exec(request.headers["signature-key"] ?? "")?.[1] ?? "none";
    const form = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(request.body)));
    const seen = { ...request, url, scheme, form };
    sent.push(seen);
    request.signal?.throwIfAborted();
    return url.startsWith(authServer.issuer) ? world.tokenEndpoint(seen) : world.resource(seen);
  }

  async function defaultResource({ url, method, headers, body }: SentRequest): Promise<Response> {
    try {
      const verified = await verifier.verifyRequest(received(url, method, headers, body), world.requirement);
      world.seen.push(verified);
      return new Response(`hello ${verified.caller.level}`);
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
      const challenge = await challenger.challengeFor(error, world.requirement);
      return new Response(challenge.body, challenge);
    }
  }

  async function defaultTokenEndpoint({ url, method, headers, body, form }: SentRequest): Promise<Response> {
    const { caller } = await atAuthServer.verifyRequest(received(url, method, headers, body));
    const { agent: requester = "", thumbprint, key } = caller;
    const { iss, scope } = await verifyResourceToken(form.resource_token ?? "", {
      audience: authServer.issuer,
      agent: requester,
      agentJkt: thumbprint,
      discovery,
      now,
    });
    const { token } = await issueAuthToken({
      signer: tokenSignerOf(authServer.key),
      issuer: authServer.issuer,
      audience: iss,
      agent: requester,
      confirmationKey: key,
      scope: scope ?? "",
      now,
      ...world.granting,
    });
    return Response.json({
      auth_token: token,
      expires_in: world.granting.lifetimeSeconds ?? 300,
      token_type: "AAuth",
    });
  }

  return world;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A challenge of the resource for the agent, with the given members replaced. */
export async function challenge(
  world: World,
  change: Partial<Parameters<typeof issueResourceToken>[0]> = {},
  authServer = world.parties.authServer.issuer,
): Promise<string> {
  const { agent, resource, clock } = world.parties;
  const resourceToken = await issueResourceToken({
    key: resource.key,
    resource: resource.id,
    authServer,
    agent: agent.id,
    agentJkt: agent.key.thumbprint,
    scope: "supply-chain:optimize",
    now: clock.now,
    ...change,
  });
  return formatAgentAuth({ level: "authorized", resourceToken, authServer });
}

export function received(url: string, method: string, headers: Record<string, string>, body?: Uint8Array) {
  const length = body === undefined ? {} : { "content-length": String(body.byteLength) };
  return { method, ...requestTarget(url), headers: { ...headers, ...length }, body };
}

/** The error that a promise is rejected with. */
export async function errorOf<T extends Error = AAuthError>(promise: Promise<unknown>): Promise<T> {
  try {
    await promise;
  } catch (error) {
    return error as T;
  }
  throw new Error("nothing was refused");
}

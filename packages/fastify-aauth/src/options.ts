import type {
  AAuthVerificationError,
  AgentMetadata,
  Jwks,
  ProvenCaller,
  Requirement,
  ResourceMetadata,
  VerifiedRequest,
} from "aauth";
import type { Answer, Challenger, Verifier } from "aauth/resource";
import type { FastifyRequest } from "fastify";
import type { LimitReached } from "./level-limits.ts";

/** What a route says about its callers: open to everyone, or what they must prove. */
export type RouteRequirement = "public" | Requirement;

/** What happened to one request at the gate; for logs, metrics and spans. Carries no token. */
export type VerificationEvent =
  | { readonly type: "request_received"; readonly signatureHeaders: readonly string[] }
  | {
      readonly type: "request_verified";
      readonly verified: VerifiedRequest;
      readonly requirement: Requirement;
    }
  | {
      readonly type: "request_refused";
      readonly error: AAuthVerificationError;
      readonly requirement: Requirement;
      readonly challenge: Answer;
    }
  | {
      readonly type: "request_limited";
      readonly caller: ProvenCaller;
      readonly limit: LimitReached;
      readonly challenge: Answer;
    };

/** Documents a service publishes about itself; each is served without a signature. */
export interface WellKnownDocuments {
  /** Served at `/.well-known/aauth-agent`. */
  readonly agent?: AgentMetadata;
  /** Served at `/.well-known/aauth-resource`; the resource is the challenger's. */
  readonly resource?: ResourceMetadata;
  /** Served at `/jwks.json`; called for each request, so that a rotated key shows at once. */
  readonly jwks?: () => Jwks;
}

export interface FastifyAAuthOptions {
  /** The gate: `createVerifier()` of `aauth/resource`. */
  readonly verifier: Verifier;
  /** Writes refusals. Required as soon as one route demands level `authorized` or has limits. Its resource is the verifier's `audience`. */
  readonly challenger?: Challenger;
  /**
   * The authority callers sign for (`supply-chain-agent.localhost:3000`): a configured value, or a function that
   * picks one of several configured values. One that the verifier serves. Never return the `Host` header unchecked.
   */
  readonly authority: string | ((request: FastifyRequest) => string);
  /**
   * Path and query that callers sign, byte by byte. Default: as they came, whatever `rewriteUrl` makes of them. Behind a proxy that
   * takes a prefix off, put it back: `(request) => "/reports" + request.originalUrl`.
   */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  readonly wellKnown?: WellKnownDocuments;
  /**
   * Largest request body in bytes, at most the route's `bodyLimit`: Fastify's parsers have that limit, too, and a larger one here does not
   * raise it. A whole number. Default: the route's `bodyLimit`.
   */
  readonly maxBodyBytes?: number;
  /** Told of each verification. What it throws is logged, and changes no answer. */
  readonly observer?: (event: VerificationEvent, request: FastifyRequest) => void;
}

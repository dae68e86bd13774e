import type { CallerOf, ProvenCaller, Requirement } from "aauth";
import type {
  Answer,
  Challenger,
  Resource,
  ResourceOptions,
  VerificationOutcome,
  Verifier,
  WellKnownDocuments,
} from "aauth/resource";
import type { FastifyRequest } from "fastify";
import type { LimitReached } from "./level-limits.ts";

/** What a route says about its callers: open to everyone, or what they must prove. */
export type RouteRequirement = "public" | Requirement;

/**
 * The caller of a route, by the `config` that it is registered with: `null` where it is public, and
 * with the members of its level where it has a requirement. Where the configuration is not known,
 * such as in a hook, either.
 */
export type CallerOfRoute<Config> = Config extends { readonly aauth: infer Own }
  ? Own extends Requirement<string>
    ? CallerOf<Own>
    : null
  : ProvenCaller | null;

/** What happened to one request; for logs, metrics and spans. Carries no token. */
export type VerificationEvent =
  | { readonly type: "request_received"; readonly signatureHeaders: readonly string[] }
  | VerificationOutcome
  | {
      readonly type: "request_limited";
      readonly caller: ProvenCaller;
      readonly limit: LimitReached;
      readonly challenge: Answer;
    };

/** What each form of the options has. */
export interface CommonOptions {
  /**
   * Path and query that callers sign, byte by byte. Default: as they came, whatever `rewriteUrl`
   * makes of them. Behind a proxy that takes a prefix off, put it back:
   * `(request) => "/reports" + request.originalUrl`.
   */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  /**
   * Largest request body in bytes, at most the route's `bodyLimit`: Fastify's parsers have that
   * limit, too, and a larger one here does not raise it. A whole number. Default: the route's
   * `bodyLimit`.
   */
  readonly maxBodyBytes?: number | undefined;
  /** Receives each verification. What it throws is logged, and changes no answer. Default: none. */
  readonly observer?: ((event: VerificationEvent, request: FastifyRequest) => void) | undefined;
}

/** Members that the other form has and this one has not. */
type Without<Other> = { readonly [Name in Exclude<keyof Other, keyof CommonOptions>]?: undefined };

/** A resource that has been made. */
interface MadeOptions extends CommonOptions {
  /** `createResource()` of `aauth/resource`. */
  readonly resource: Resource;
}

/**
 * The parts, for services with several authorities, issuers or profiles, or that accept agents
 * only.
 */
export interface ComposedOptions extends PartsOptions, Without<ResourceOptions> {}

interface IdentityOptions
  extends CommonOptions,
    Omit<ResourceOptions, keyof CommonOptions>,
    Without<PartsOptions> {}

interface PartsOptions extends CommonOptions {
  /** `createVerifier()` of `aauth/resource`. */
  readonly verifier: Verifier;
  /**
   * Writes refusals. Required as soon as one route demands scopes or has limits. Its resource is
   * the verifier's `audience`. Default: refusals that need no resource token.
   */
  readonly challenger?: Challenger;
  /**
   * The authority callers sign for (`supply-chain-agent.localhost:3000`): a configured value, or a
   * function that picks one of several configured values. One that the verifier serves. Never
   * return the `Host` header unchecked.
   */
  readonly authority: string | ((request: FastifyRequest) => string);
  /** Default: no document is served. */
  readonly wellKnown?: WellKnownDocuments;
}

/**
 * A resource, the options of `createResource()`, or the parts that one would be made into. Their
 * members do not mix.
 */
export type FastifyAAuthOptions = MadeOptions | IdentityOptions | ComposedOptions;

import type { CallerOf, Observer, ProvenCaller, Requirement } from "aauth";
import type { Resource, ResourceOptions, Verifier } from "aauth/resource";
import type { FastifyRequest } from "fastify";

/** Requirement of a route on its callers, or `public`. */
export type RouteRequirement = "public" | Requirement;

/**
 * The caller of a route, typed by its `config`: `null` for a public route, otherwise with the
 * members of its level. Either if the configuration is unknown, as in a hook.
 */
export type CallerOfRoute<Config> = Config extends { readonly aauth: infer Own }
  ? Own extends Requirement<string>
    ? CallerOf<Own>
    : null
  : ProvenCaller | null;

/** Options common to all forms. */
export interface CommonOptions {
  /**
   * Path and query that callers sign, byte by byte. Default: as received, before `rewriteUrl`.
   * Behind a proxy that strips a prefix, restore it: `(request) => "/reports" +
   * request.originalUrl`.
   */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  /**
   * Maximum request body in bytes, a whole number. It cannot exceed the route's `bodyLimit`, which
   * Fastify's parsers enforce. Default: the route's `bodyLimit`.
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Receives each verification, and as `unexpected_error` what has thrown where the response is
   * 500. Default: writes the stack of an unexpected error to `console.error`, or passes it to the
   * observer of `resource`.
   */
  readonly observer?: Observer<FastifyRequest> | undefined;
}

/** Members that only the other form has. */
type Without<Other> = { readonly [Name in Exclude<keyof Other, keyof CommonOptions>]?: undefined };

/** Options with an existing resource. */
interface MadeOptions extends CommonOptions {
  /** `createResource()` of `aauth/resource`. */
  readonly resource: Resource;
}

/**
 * Options with a verifier alone, for services without resource tokens. Routes have no scopes and no
 * limits, and no documents are served.
 */
export interface VerifierForm extends VerifierPart, Without<ResourceOptions> {}

interface IdentityOptions
  extends CommonOptions,
    Omit<ResourceOptions, keyof CommonOptions>,
    Without<VerifierPart> {}

interface VerifierPart extends CommonOptions {
  /** `createVerifier()` of `aauth/resource`. */
  readonly verifier: Verifier;
  /** The authority that callers sign (`supply-chain-agent.localhost:3000`), which it must serve. */
  readonly authority: string;
}

/**
 * A resource, the options of `createResource()`, or a verifier. The forms cannot be combined.
 */
export type FastifyAAuthOptions = MadeOptions | IdentityOptions | VerifierForm;

import type {
  AgentProviderMetadata,
  Discovery,
  Jwks,
  KeyRing,
  ProvenCaller,
  Requirement,
  ResourceMetadata,
  SigningKey,
} from "aauth";
import type { AgentMetadata, ResourceMetadata as FebruaryResourceMetadata } from "aauth/february-2026";
import type {
  AcceptedProfile,
  Answer,
  AuthorizationEndpointOptions,
  Challenger,
  ChallengerOptions,
  Revocations,
  VerificationOutcome,
  Verifier,
  VerifierOptions,
} from "aauth/resource";
import type { FastifyRequest } from "fastify";
import type { LimitReached } from "./level-limits.ts";

/** What a route says about its callers: open to everyone, or what they must prove. */
export type RouteRequirement = "public" | Requirement;

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

/** Documents a service publishes about itself; each is served without a signature. */
export interface WellKnownDocuments {
  /** Served at `/.well-known/aauth-agent`. Default: none. */
  readonly agent?: AgentMetadata;
  /** Served at `/.well-known/aauth-resource`; the resource is the challenger's. Default: none. */
  readonly resource?: FebruaryResourceMetadata;
  /** Documents of other profiles, and of other parties, by their name below `/.well-known/`: `aauth-resource.json`. Default: none. */
  readonly documents?: Readonly<Record<string, object>>;
  /** Served at `/jwks.json`; called for each request, so that a rotated key shows at once. Default: none. */
  readonly jwks?: () => Jwks;
}

/** What both forms of the options have. */
interface CommonOptions {
  /**
   * Path and query that callers sign, byte by byte. Default: as they came, whatever `rewriteUrl` makes of them. Behind a proxy that
   * takes a prefix off, put it back: `(request) => "/reports" + request.originalUrl`.
   */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  /**
   * Largest request body in bytes, at most the route's `bodyLimit`: Fastify's parsers have that limit, too, and a larger one here does not
   * raise it. A whole number. Default: the route's `bodyLimit`.
   */
  readonly maxBodyBytes?: number;
  /** Receives each verification. What it throws is logged, and changes no answer. Default: none. */
  readonly observer?: (event: VerificationEvent, request: FastifyRequest) => void;
}

/** Members that the other form has and this one has not. */
type Without<Other> = { readonly [Name in Exclude<keyof Other, keyof CommonOptions>]?: undefined };

/** Members of the resource's document that are made from other options. */
type MadeMembers = Pick<
  ResourceMetadata,
  | "issuer"
  | "jwks_uri"
  | "authorization_endpoint"
  | "revocation_endpoint"
  | "scope_descriptions"
  | "signature_window"
  | "additional_signature_components"
>;

/** One resource with one auth server: verifier, challenger and documents are made from its identity. */
export interface ResourceOptions extends IdentityOptions, Without<PartsOptions> {}

/** The parts, for services with several authorities, issuers or profiles, or without an auth server. */
export interface ComposedOptions extends PartsOptions, Without<IdentityOptions> {}

interface IdentityOptions
  extends CommonOptions,
    Pick<
      VerifierOptions,
      "now" | "profile" | "replayStore" | "toleranceSeconds" | "trustedAgents" | "requireNonce" | "cryptoMode"
    >,
    Pick<ChallengerOptions, "algs"> {
  /** Own identifier: the audience of auth tokens. What callers sign for is the authority of its origin. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server that callers are sent to, and whose auth tokens count. In draft -11 it is the resource's own access
   * server; default there: none, and person servers issue auth tokens, too. February 2026 needs it.
   */
  readonly authServer?: string | undefined;
  /**
   * Draft -11 only: identifiers of the person servers whose persons count. With them the resource serves `/aauth/revoke`. Default: none, and routes
   * may demand agent tokens only.
   */
  readonly personServers?: readonly string[] | undefined;
  /** Signs resource tokens, and is published at `/jwks.json`. Replicas of one resource share it. */
  readonly key: SigningKey | KeyRing;
  /** Variants of `profile`, with the agents that they are accepted from. Default none. */
  readonly accept?: readonly Required<Pick<AcceptedProfile, "profile" | "peers">>[] | undefined;
  /** Default: `createDiscovery({ development })`. */
  readonly discovery?: Discovery | undefined;
  /** Looks up http and loopback addresses, too. Belongs to the default discovery. Default false. */
  readonly development?: boolean | undefined;
  /**
   * Scopes that may be asked for before a call, at `/resource/token`, in draft -11 at `/aauth/authorize`; the resource document names that
   * endpoint. Default none: each token is asked for by the challenge of a route.
   */
  readonly scopes?: readonly string[] | undefined;
  /**
   * The sentence that a person reads when asked for consent, by scope. In draft -11 every scope that a route demands has one, but for those of
   * OpenID Connect. Default: none.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
  /**
   * For a resource that is an agent, too, under the same identifier, in draft -11 its own agent provider: further members of its agent
   * document. Default: none is served.
   */
  readonly agent?:
    | Omit<AgentMetadata, "agent" | "jwks_uri">
    | Omit<AgentProviderMetadata, "issuer" | "jwks_uri">
    | undefined;
  /** Draft -11 only: further members of the resource's document, such as `name` and `access_mode`. Default: none. */
  readonly about?: Partial<Omit<ResourceMetadata, keyof MadeMembers>> | undefined;
  /**
   * Draft -11 only: what signatures cover beside the components that all do, where a request has it. It is published. Default `content-digest` and
   * `content-type`.
   */
  readonly additionalSignatureComponents?: readonly string[] | undefined;
  /** Draft -11 only: where revocations are kept. Default: `createRevocations()`, in memory. Replicas share its store. */
  readonly revocations?: Revocations | undefined;
  /** Draft -11 only: how the endpoint for `scopes` decides. Default: no accounts, and a resource token for each request. */
  readonly authorization?: Pick<AuthorizationEndpointOptions, "holdsAccount" | "authorize"> | undefined;
}

interface PartsOptions extends CommonOptions {
  /** `createVerifier()` of `aauth/resource`. */
  readonly verifier: Verifier;
  /**
   * Writes refusals. Required as soon as one route demands level `authorized` or has limits. Its resource is the verifier's `audience`.
   * Default: refusals that need no resource token.
   */
  readonly challenger?: Challenger;
  /**
   * The authority callers sign for (`supply-chain-agent.localhost:3000`): a configured value, or a function that
   * picks one of several configured values. One that the verifier serves. Never return the `Host` header unchecked.
   */
  readonly authority: string | ((request: FastifyRequest) => string);
  /** Default: no document is served. */
  readonly wellKnown?: WellKnownDocuments;
}

/** One of two forms: the identity of a resource, or the parts that it would be made into. Their members do not mix. */
export type FastifyAAuthOptions = ResourceOptions | ComposedOptions;

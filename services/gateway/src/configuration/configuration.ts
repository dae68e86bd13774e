import type { Expression } from "../cel/expression.ts";

/** Where an own port listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A field of the access log or of a span, in the order of the file. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: Expression;
  /** 1-based line in the file. */
  readonly line?: number;
}

export interface TracingConfiguration {
  readonly otlpEndpoint: string;
  readonly path: string;
  /** Share of requests without a trace that start one, 0 to 1. */
  readonly randomSampling: number;
  /** Share of requests with a trace that are exported, 0 to 1. */
  readonly clientSampling: number;
  readonly fields: readonly NamedExpression[];
  readonly removedFields: ReadonlySet<string>;
}

export interface LoggingConfiguration {
  readonly format: "text" | "json";
  readonly level: string;
  readonly filter?: Expression;
  readonly fields: readonly NamedExpression[];
  readonly removedFields: ReadonlySet<string>;
}

/** Allow-lists; `"*"` where the file names a star. */
export interface CorsPolicy {
  readonly allowOrigins: readonly string[] | "*";
  readonly allowHeaders: readonly string[] | "*";
  readonly allowMethods: readonly string[] | "*";
  readonly exposeHeaders: readonly string[] | "*";
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds?: number;
}

export interface ExtAuthzPolicy {
  readonly host: string;
  readonly port: number;
  /** Unset: the path and query of the request. */
  readonly path?: Expression;
  /** Lower-case names; `:method` and `:authority` replace the pseudo-headers. */
  readonly addRequestHeaders: readonly NamedExpression[];
  readonly includeRequestHeaders: readonly string[];
  readonly includeResponseHeaders: readonly string[];
  readonly metadata: readonly NamedExpression[];
  readonly failureMode: { readonly mode: "allow" | "deny" } | { readonly denyWithStatus: number };
  readonly includeRequestBody?: { readonly maxRequestBytes: number; readonly allowPartialMessage: boolean };
  readonly requestTimeoutMs: number;
}

export interface AuthorizationRule {
  readonly effect: "allow" | "deny" | "require";
  readonly expression: Expression;
  /** 1-based line in the file. */
  readonly line?: number;
}

/** A bucket of `maxTokens` requests that gains `tokensPerFill` every `fillIntervalMs`. */
export interface RateLimitPolicy {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

export interface Policies {
  readonly cors?: CorsPolicy;
  readonly extAuthz?: ExtAuthzPolicy;
  readonly authorization?: readonly AuthorizationRule[];
  readonly localRateLimit: readonly RateLimitPolicy[];
  /** Lower-case names of fields that the agent does not get; rules and check see them. */
  readonly removedRequestFields: readonly string[];
  /** What the backend finds in `Host`: the caller's own, the backend's name, or a fixed text. */
  readonly authority: "none" | "auto" | { readonly full: string };
  readonly requestTimeoutMs?: number;
  readonly backendRequestTimeoutMs?: number;
  readonly a2a: boolean;
}

export interface RouteMatch {
  readonly path: { readonly exact: string } | { readonly pathPrefix: string };
  readonly method?: string;
}

export interface Route {
  readonly name: string;
  readonly hostnames: readonly string[];
  /** Never empty. */
  readonly matches: readonly RouteMatch[];
  readonly policies: Policies;
  readonly backend: ListenAddress;
}

export interface Listener {
  readonly name: string;
  /** Exact, `*.suffix`, or undefined for any. */
  readonly hostname?: string;
  readonly routes: readonly Route[];
}

export interface Bind {
  readonly port: number;
  readonly listeners: readonly Listener[];
}

/** A valid configuration, every expression compiled. */
export interface GatewayConfiguration {
  readonly admin: ListenAddress;
  readonly stats: ListenAddress;
  readonly readiness: ListenAddress;
  readonly tracing?: TracingConfiguration;
  readonly logging: LoggingConfiguration;
  readonly binds: readonly Bind[];
  /** The file with references expanded and defaults filled in, for `/config_dump`. */
  readonly resolved: { readonly config: object };
}

import { problemOfCheckField } from "gateway-check/settings";
import { compileExpression, type Expression, ExpressionError, possibleTexts } from "../cel/expression.ts";
import type {
  CorsPolicy,
  ExtAuthzPolicy,
  GatewayConfiguration,
  NamedExpression,
  Policies,
  Route,
} from "./configuration.ts";
import type { GatewayDocument, PoliciesDocument, RouteDocument } from "./document-schema.ts";
import type { ParsedYaml } from "./parse-yaml.ts";
import { type ConfigurationProblem, formatPath } from "./problem.ts";
import { isCheckMethod } from "./token.ts";

/** Default of Agentgateway since v1.4.0. */
const DEFAULT_CHECK_TIMEOUT_MS = 2000;

type Path = readonly PropertyKey[];

/** Turns the validated file into what the request path needs. Every expression is compiled here, once, and each bad one is reported. */
export function compileConfiguration(
  document: GatewayDocument,
  yaml: ParsedYaml,
): { configuration: GatewayConfiguration; problems: ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];

  const lineAt = (path: Path) => {
    const line = yaml.lineOf(path);
    return line === undefined ? {} : { line };
  };
  const compile = (source: string, path: Path): Expression => {
    try {
      return compileExpression(source);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      problems.push({ path: formatPath(path), ...lineAt(path), message: error.message });
      return NEVER;
    }
  };
  const compileAll = (sources: Readonly<Record<string, string>>, path: Path): NamedExpression[] =>
    Object.entries(sources).map(([name, source]) => ({
      name,
      expression: compile(source, [...path, name]),
      ...lineAt([...path, name]),
    }));
  /** A check with such a value would be refused whatever the request. */
  const refuseUnusable = (sources: Readonly<Record<string, string>>, path: Path) => {
    for (const [name, source] of Object.entries(sources)) {
      const at = [...path, name];
      const refuse = (message: string) => problems.push({ path: formatPath(at), ...lineAt(at), message });
      for (const text of possibleTexts(source)) {
        if (name === ":method" && !isCheckMethod(text))
          refuse(`${JSON.stringify(text)} is no method for a check`);
        const problem = name.startsWith("x-aauth-") ? problemOfCheckField(name, text) : undefined;
        if (problem === undefined) continue;
        refuse(`gateway-authz would refuse every check: ${JSON.stringify(text)} is ${problem}`);
      }
    }
  };
  const compileFields = (
    fields: { add: Readonly<Record<string, string>>; remove: readonly string[] } | undefined,
    path: Path,
  ) => ({
    fields: compileAll(fields?.add ?? {}, [...path, "fields", "add"]).filter(
      ({ expression }) => !isJwtMember(expression),
    ),
    removedFields: new Set(fields?.remove),
  });

  const extAuthz = (policy: NonNullable<PoliciesDocument["extAuthz"]>, path: Path): ExtAuthzPolicy => {
    const http = policy.protocol.http;
    const at = [...path, "protocol", "http"];
    refuseUnusable(http.addRequestHeaders, [...at, "addRequestHeaders"]);
    return {
      ...policy.host,
      ...(http.path !== undefined && { path: compile(http.path, [...at, "path"]) }),
      addRequestHeaders: compileAll(http.addRequestHeaders, [...at, "addRequestHeaders"]),
      // A list that is not there means this one field.
      includeRequestHeaders:
        policy.includeRequestHeaders.length > 0 ? policy.includeRequestHeaders : ["authorization"],
      includeResponseHeaders: http.includeResponseHeaders,
      metadata: compileAll(http.metadata, [...at, "metadata"]),
      failureMode: policy.failureMode,
      ...(policy.includeRequestBody && { includeRequestBody: policy.includeRequestBody }),
      requestTimeoutMs: policy.policies?.http?.requestTimeout ?? DEFAULT_CHECK_TIMEOUT_MS,
    };
  };

  const policies = (source: PoliciesDocument, path: Path): Policies => {
    const authority = source.urlRewrite?.authority;
    return {
      ...(source.cors && { cors: cors(source.cors) }),
      ...(source.extAuthz && { extAuthz: extAuthz(source.extAuthz, [...path, "extAuthz"]) }),
      ...(source.authorization && {
        authorization: source.authorization.rules.map((rule, index) => {
          const [effect, text] = Object.entries(rule)[0]! as ["allow" | "deny" | "require", string];
          const at = [...path, "authorization", "rules", index];
          return {
            effect,
            expression: compile(text, yaml.lineOfKey(at, effect) === undefined ? at : [...at, effect]),
            ...lineAt(at),
          };
        }),
      }),
      localRateLimit: (source.localRateLimit ?? []).map(({ maxTokens, tokensPerFill, fillInterval }) => ({
        maxTokens,
        tokensPerFill,
        fillIntervalMs: fillInterval,
      })),
      removedRequestFields: source.requestHeaderModifier?.remove ?? [],
      authority: authority?.full !== undefined ? { full: authority.full } : authority?.none ? "none" : "auto",
      ...(source.timeout?.requestTimeout !== undefined && {
        requestTimeoutMs: source.timeout.requestTimeout,
      }),
      ...(source.timeout?.backendRequestTimeout !== undefined && {
        backendRequestTimeoutMs: source.timeout.backendRequestTimeout,
      }),
      a2a: source.a2a !== undefined,
    };
  };

  const route = (source: RouteDocument, index: number, path: Path): Route => ({
    name: source.name ?? `route${index}`,
    hostnames: source.hostnames,
    matches:
      source.matches.length === 0
        ? [{ path: { pathPrefix: "/" } }]
        : source.matches.map(({ path: at, method }) => ({
            path: at?.exact !== undefined ? { exact: at.exact } : { pathPrefix: at?.pathPrefix ?? "/" },
            ...(method !== undefined && { method }),
          })),
    policies: policies(source.policies, [...path, "policies"]),
    backend: source.backends[0]!.host,
  });

  const { tracing, logging, adminAddr, statsAddr, readinessAddr } = document.config;
  const configuration: GatewayConfiguration = {
    admin: adminAddr ?? { host: "127.0.0.1", port: 15000 },
    stats: statsAddr ?? { host: "127.0.0.1", port: 15020 },
    readiness: readinessAddr ?? { host: "127.0.0.1", port: 15021 },
    ...(tracing && {
      tracing: {
        otlpEndpoint: tracing.otlpEndpoint,
        path: tracing.path,
        randomSampling: tracing.randomSampling,
        clientSampling: tracing.clientSampling,
        ...compileFields(tracing.fields, ["config", "tracing"]),
      },
    }),
    logging: {
      format: logging?.format ?? "text",
      level: logging?.level ?? "info",
      ...(logging?.filter !== undefined && {
        filter: compile(logging.filter, ["config", "logging", "filter"]),
      }),
      ...compileFields(logging?.fields, ["config", "logging"]),
    },
    binds: document.binds.map((bind, b) => ({
      port: bind.port,
      listeners: bind.listeners.map((listener, l) => ({
        name: listener.name ?? `listener${l}`,
        ...(listener.hostname !== undefined && listener.hostname !== "*" && { hostname: listener.hostname }),
        routes: listener.routes.map((source, r) =>
          route(source, r, ["binds", b, "listeners", l, "routes", r]),
        ),
      })),
    })),
    resolved: document,
  };
  return { configuration, problems };
}

/** Stands in for an expression that did not compile; the configuration that holds it is never used. */
const NEVER: Expression = {
  source: "false",
  isTrue: () => false,
  valueOrUndefined: () => undefined,
};

/** A bare `jwt.…` has no value without a jwtAuth policy. Left out at once, because a failing evaluation is the dear kind. */
function isJwtMember(expression: Expression): boolean {
  return /^jwt(?:\.\w+)+$/.test(expression.source);
}

function cors(source: NonNullable<PoliciesDocument["cors"]>): CorsPolicy {
  const list = (values: readonly string[]) => (values.includes("*") ? ("*" as const) : values);
  return {
    allowOrigins: list(source.allowOrigins),
    allowHeaders: list(source.allowHeaders.map((name) => name.toLowerCase())),
    allowMethods: list(source.allowMethods),
    exposeHeaders: list(source.exposeHeaders.map((name) => name.toLowerCase())),
    allowCredentials: source.allowCredentials,
    ...(source.maxAge !== undefined && { maxAgeSeconds: Math.floor(source.maxAge / 1000) }),
  };
}

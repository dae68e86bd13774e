import { z } from "zod";
import { compileExpression, type Expression, ExpressionError } from "../cel/expression.ts";
import { notEmulated } from "./problem.ts";

/**
 * The part of Agentgateway's configuration file that this gateway emulates, which is the part used
 * in `agentgateway/*.yaml`. Every object is strict: a key without effect prevents the start. The
 * output has all defaults and compiled expressions.
 */

/** Agentgateway's default since v1.4.0. */
const DEFAULT_CHECK_TIMEOUT_MS = 2000;

const MAX_BACKENDS = 16;
const MAX_WEIGHT = 100;

const expression = z
  .string()
  .trim()
  .min(1, "expected a CEL expression")
  .transform((text, context) => {
    try {
      return compileExpression(text);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });

const durationMs = z
  .string()
  .regex(/^[1-9]\d{0,5}m?s$/, "expected a duration such as 5s or 250ms")
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith("ms") ? 1 : 1000));

/**
 * `name:port` or `ip:port`. The name must not contain a colon, because Agentgateway splits at the
 * first one.
 */
function addressOf(text: string, context: z.RefinementCtx) {
  const [, host = "", port] = /^([A-Za-z0-9._-]+):(\d{1,5})$/.exec(text) ?? [];
  if (Number(port) >= 1 && Number(port) <= 65535) return { host, port: Number(port) };
  context.addIssue({ code: "custom", message: "expected host:port" });
  return z.NEVER;
}

const hostAndPort = z.string().transform(addressOf);

/** Comma-separated replicas of one service. Agentgateway accepts a single address here. */
const hostsAndPorts = z
  .string()
  .transform((text, context) => text.split(",", MAX_BACKENDS + 1).map((part) => addressOf(part, context)))
  .refine((addresses) => addresses.length <= MAX_BACKENDS, `expected at most ${MAX_BACKENDS} addresses`);

/**
 * Weighted addresses as in Agentgateway. The output repeats each address according to its weight.
 */
const backends = z
  .array(z.strictObject({ host: hostAndPort, weight: z.int().min(0).max(MAX_WEIGHT).default(1) }))
  .max(MAX_BACKENDS)
  .transform((list) => list.flatMap(({ host, weight }) => Array.from({ length: weight }, () => host)))
  .refine((addresses) => addresses.length > 0, "a route needs a backend with a weight above 0");

/** A header name, lower-cased (RFC 9110 section 5.6.2). */
const headerName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "expected a header name");

/** Fields that the HTTP client sets itself, with which a check could not be sent. */
const FRAMING = /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

const settableHeaderName = headerName.refine(
  (name) => !FRAMING.test(name),
  "controls framing or a single connection and cannot be set here",
);

const expressionsByName = z.record(z.string().min(1), expression);
const fields = z.strictObject({ add: expressionsByName.default({}) }).optional();

/** Agentgateway's own ports, accepted in the file but not served here. */
const ownPort = z.string().optional();

const config = z.strictObject({
  adminAddr: ownPort,
  statsAddr: ownPort,
  readinessAddr: ownPort,
  tracing: z
    .strictObject({
      otlpEndpoint: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }),
      otlpProtocol: z.literal("http", notEmulated("otlpProtocol grpc (the default; write http)")),
      randomSampling: z.literal(true, notEmulated("a sampling value other than true")),
      fields,
    })
    .optional(),
  logging: z.strictObject({ fields }).default({}),
});

const star = z.tuple([z.literal("*")], notEmulated('a list other than ["*"]'));
const cors = z.strictObject({ allowOrigins: star, allowHeaders: star });

const fixed = (what: string) => notEmulated(`a ${what} of the check that is not a fixed string`);

const httpCheck = z.strictObject({
  path: expression
    .transform(literalOf)
    .refine((path) => path !== undefined && /^\/[\x21-\x7e]*$/.test(path), fixed("path")),
  addRequestHeaders: z
    .record(z.union([z.literal(":method"), settableHeaderName], "cannot be set here"), expression)
    .refine(
      ({ ":method": method }) => /^(?!CONNECT$)[A-Z]+$/.test(literalOf(method) ?? ""),
      fixed(":method"),
    ),
  includeResponseHeaders: z.array(settableHeaderName).default([]),
  metadata: expressionsByName.default({}),
});

const extAuthz = z
  .strictObject({
    host: hostsAndPorts,
    protocol: z.strictObject(
      { http: httpCheck },
      notEmulated("the gRPC check (the default; write protocol.http)"),
    ),
    failureMode: z.strictObject(
      { denyWithStatus: z.int().min(400).max(599) },
      notEmulated("a failureMode other than denyWithStatus"),
    ),
    // A missing list means this field only.
    includeRequestHeaders: z.array(headerName).min(1).default(["authorization"]),
    policies: z
      .strictObject({ http: z.strictObject({ requestTimeout: durationMs.optional() }).optional() })
      .optional(),
  })
  .transform(({ host, protocol, failureMode, policies, ...policy }) => {
    const { path, addRequestHeaders, ...http } = protocol.http;
    const { ":method": method, ...added } = addRequestHeaders;
    return {
      ...policy,
      ...http,
      addresses: host,
      method: literalOf(method)!,
      path: path!,
      addRequestHeaders: added,
      statusWithoutAnswer: failureMode.denyWithStatus,
      requestTimeoutMs: policies?.http?.requestTimeout ?? DEFAULT_CHECK_TIMEOUT_MS,
    };
  });

const EFFECTS = ["allow", "deny", "require"] as const;

/** A plain string is an `allow`. */
const rule = z
  .preprocess(
    (value) => (typeof value === "string" ? { allow: value } : value),
    z.strictObject({
      allow: expression.optional(),
      deny: expression.optional(),
      require: expression.optional(),
    }),
  )
  .transform((effects, context) => {
    const [effect, ...more] = EFFECTS.filter((name) => effects[name] !== undefined);
    if (effect !== undefined && more.length === 0) return { effect, expression: effects[effect]! };
    context.addIssue({ code: "custom", message: "expected exactly one of allow, deny and require" });
    return z.NEVER;
  });

// hole G9: z.looseObject({})
const policies = z.strictObject({
  cors: cors.optional(),
  extAuthz: extAuthz.optional(),
  authorization: z
    .strictObject({
      rules: z.array(rule).min(1, "a rule set without rules allows everything; leave it out instead"),
    })
    .transform(({ rules }) => rules)
    .optional(),
  requestHeaderModifier: z
    .strictObject({ remove: z.array(settableHeaderName).default([]) })
    .default({ remove: [] }),
  /** `Host` as received by the agent: the caller's (none) or the backend's name (auto). */
  urlRewrite: z.strictObject({ authority: z.enum(["none", "auto"]) }).default({ authority: "auto" }),
  a2a: z.strictObject({}).optional(),
});

const route = z.strictObject({
  name: z.string().min(1).default("route0"),
  policies: policies.prefault({}),
  backends,
});

const listener = z
  .strictObject({
    name: z.string().min(1),
    hostname: z
      .string()
      .regex(/^(?:\*|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/, "expected a host name, or none for any")
      .default("*"),
    routes: z.array(route).length(1, notEmulated("a listener without exactly one route")),
  })
  .transform(({ routes: [route], ...listener }) => ({ ...listener, route: route! }));

const bind = z.strictObject({
  port: z.int().min(0).max(65535),
  listeners: z
    .array(listener)
    .min(1, "a bind needs a listener")
    .refine(
      (listeners) => new Set(listeners.map(({ hostname }) => hostname)).size === listeners.length,
      "two listeners have one host name",
    ),
});

export const documentSchema = z
  .strictObject({
    config: config.prefault({}),
    binds: z.array(bind).length(1, notEmulated("a file without exactly one bind")),
  })
  .transform(({ config, binds: [bind] }) => ({ config, bind: bind! }));

/** The value of an expression that is a string literal. */
function literalOf(expression: Expression | undefined): string | undefined {
  const { ast } = expression ?? {};
  return ast?.op === "value" && typeof ast.args === "string" ? ast.args : undefined;
}

type Document = z.output<typeof documentSchema>;
export type ConfigSection = Document["config"];
export type Listener = Document["bind"]["listeners"][number];
export type Route = Listener["route"];
export type Policies = Route["policies"];
export type ExtAuthzPolicy = NonNullable<Policies["extAuthz"]>;
export type AuthorizationRule = NonNullable<Policies["authorization"]>[number];
/** `host:port`, split. */
export type Address = z.output<typeof hostAndPort>;
/** Expressions by the name of the field that they produce. */
export type NamedExpressions = Readonly<Record<string, Expression>>;

/** A valid configuration. */
export interface GatewayConfiguration extends Document {
  /** Line of a path in the file. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

import { z } from "zod";
import { compileExpression, type Expression, ExpressionError } from "../cel/expression.ts";
import { parseDurationMs } from "./duration.ts";
import { notEmulated } from "./problem.ts";
import { isCheckMethod, isToken } from "./token.ts";

/**
 * The part of Agentgateway's configuration file that this gateway emulates. Every object is strict: a key that would have no effect
 * stops the start. The output is what the request path works with: defaults filled in, every expression compiled, once.
 */

/** Default of Agentgateway since v1.4.0. */
const DEFAULT_CHECK_TIMEOUT_MS = 2000;

/** The longest that a timer can wait; a longer one would end at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Turns a text into what `read` makes of it; `read` throws the message of the problem. */
function textAs<Output>(read: (text: string) => Output) {
  return z
    .string()
    .trim()
    .transform((text, context) => {
      try {
        return read(text);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        context.addIssue({ code: "custom", message: error.message });
        return z.NEVER;
      }
    });
}

const expression = z.string().trim().min(1, "expected a CEL expression").pipe(textAs(compileExpression));

const durationMs = z.string().transform((text, context) => {
  const milliseconds = parseDurationMs(text);
  if (milliseconds !== undefined && milliseconds <= MAX_TIMER_MS) return milliseconds;
  context.addIssue({ code: "custom", message: "expected a duration such as 5s or 250ms, up to 24 days" });
  return z.NEVER;
});

/** `name:port` or `ip:port`. The name may not hold a colon: Agentgateway splits at the first one. */
const hostAndPort = z.string().transform((text, context) => {
  const [, host = "", port] = /^([A-Za-z0-9._-]+):(\d{1,5})$/.exec(text) ?? [];
  if (Number(port) >= 1 && Number(port) <= 65535) return { host, port: Number(port) };
  context.addIssue({ code: "custom", message: "expected host:port" });
  return z.NEVER;
});

/** A header name, lower-cased; of the pseudo-headers only those in `pseudoHeaders`. */
const headerName = (...pseudoHeaders: string[]) =>
  z
    .string()
    .toLowerCase()
    .refine((name) => isToken(name) || pseudoHeaders.includes(name), "expected a header name");

/** Fields that the HTTP client sets itself; a check with one of them could not be sent. */
const FRAMING = /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

const settableHeaderName = (...pseudoHeaders: string[]) =>
  headerName(...pseudoHeaders).refine(
    (name) => !FRAMING.test(name),
    "frames the message or belongs to one connection: it cannot be set here",
  );

const hostnamePattern = z
  .string()
  .regex(/^(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/, "expected a host name or *.suffix");

const expressionsByName = z.record(z.string().min(1), expression);
const fields = z.strictObject({ add: expressionsByName.default({}) }).optional();

/** true, false, or a share from 0 to 1; as text too. */
const sampling = z
  .union([z.boolean(), z.number(), z.string()])
  .transform((value) => (value === "false" ? 0 : Number(value === "true" || value)))
  .refine(
    (share) => share >= 0 && share <= 1,
    notEmulated("a sampling value other than true, false or 0 to 1"),
  );

/** Agentgateway's own ports: taken from the file, and not served here. */
const ownPort = z.string().optional();

const config = z.strictObject({
  adminAddr: ownPort,
  statsAddr: ownPort,
  readinessAddr: ownPort,
  tracing: z
    .strictObject({
      otlpEndpoint: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }),
      otlpProtocol: z
        .enum(["http", "grpc"])
        .default("grpc")
        .refine(
          (protocol) => protocol === "http",
          notEmulated("otlpProtocol grpc (the default; write http)"),
        ),
      path: z.string().startsWith("/").default("/v1/traces"),
      randomSampling: sampling.default(0),
      fields,
    })
    .optional(),
  logging: z
    .strictObject({
      format: z.enum(["text", "json"]).default("text"),
      level: z.enum(["error", "warn", "info", "debug", "trace"]).default("info"),
      fields,
    })
    .default({ format: "text", level: "info" }),
});

/** A list in which a star stands for everything. */
const starredList = (entry: z.ZodType<string, string>) =>
  z
    .array(entry)
    .default([])
    .transform((values) => (values.includes("*") ? ("*" as const) : values));

const cors = z.strictObject({
  allowOrigins: starredList(
    z
      .string()
      .regex(
        /^(?:\*|https?:\/\/(?:\*\.)?[A-Za-z0-9._-]+(?::\d{1,5})?)$/i,
        "expected * or an origin such as https://ui.example.org, without a path",
      ),
  ),
  allowHeaders: starredList(headerName()),
  allowMethods: starredList(z.string().refine(isToken, "expected a method")),
  exposeHeaders: starredList(headerName()),
  allowCredentials: z.boolean().default(false),
  maxAge: durationMs.optional(),
});

const httpCheck = z.strictObject({
  /** Unset: path and query of the request. */
  path: expression.optional(),
  /** `:method` and `:authority` replace the pseudo-headers. */
  addRequestHeaders: z
    .record(settableHeaderName(":method", ":authority"), expression)
    .default({})
    .refine(({ ":method": method }) => {
      const fixed = method?.ast.op === "value" ? method.ast.args : "POST";
      return typeof fixed === "string" && isCheckMethod(fixed);
    }, ":method is no method for a check"),
  includeResponseHeaders: z.array(settableHeaderName()).default([]),
  metadata: expressionsByName.default({}),
});

const extAuthz = z
  .strictObject({
    host: hostAndPort,
    protocol: z.strictObject(
      { http: httpCheck },
      notEmulated("the gRPC check (the default; write protocol.http)"),
    ),
    failureMode: z
      .union(
        [z.enum(["allow", "deny"]), z.strictObject({ denyWithStatus: z.int().min(400).max(599) })],
        "expected allow, deny or {denyWithStatus: 400 to 599}",
      )
      .default("deny"),
    // A list that is not there means this one field.
    includeRequestHeaders: z.array(headerName(":authority")).min(1).default(["authorization"]),
    policies: z
      .strictObject({ http: z.strictObject({ requestTimeout: durationMs.optional() }).optional() })
      .optional(),
  })
  .transform(({ host, protocol, policies, ...policy }) => ({
    ...policy,
    ...protocol.http,
    address: host,
    requestTimeoutMs: policies?.http?.requestTimeout ?? DEFAULT_CHECK_TIMEOUT_MS,
  }));

const EFFECTS = ["allow", "deny", "require"] as const;

/** A text is an `allow`. */
const rule = z
  .preprocess(
    (value) => (typeof value === "string" ? { allow: value } : value),
    z.strictObject(
      Object.fromEntries(EFFECTS.map((effect) => [effect, expression.optional()])) as Record<
        (typeof EFFECTS)[number],
        z.ZodOptional<typeof expression>
      >,
    ),
  )
  .transform((effects, context) => {
    const [effect, ...more] = EFFECTS.filter((name) => effects[name] !== undefined);
    if (effect !== undefined && more.length === 0)
      return { effect, expression: effects[effect] as Expression };
    context.addIssue({ code: "custom", message: "expected exactly one of allow, deny and require" });
    return z.NEVER;
  });

const rateLimit = z
  .strictObject({
    maxTokens: z.int().min(0).default(0),
    tokensPerFill: z.int().min(0).default(0),
    fillInterval: durationMs,
    type: z.literal("requests", notEmulated("type tokens")).default("requests"),
  })
  .refine(
    ({ maxTokens, tokensPerFill }) => tokensPerFill <= maxTokens,
    "tokensPerFill is more than maxTokens: Agentgateway refuses it too",
  );

const policies = z.strictObject({
  cors: cors.optional(),
  extAuthz: extAuthz.optional(),
  authorization: z
    .strictObject({
      rules: z.array(rule).min(1, "a rule set without rules allows everything; leave it out instead"),
    })
    .transform(({ rules }) => rules)
    .optional(),
  localRateLimit: z.array(rateLimit).default([]),
  requestHeaderModifier: z
    .strictObject({ remove: z.array(settableHeaderName()).default([]) })
    .default({ remove: [] }),
  /** What the agent finds in `Host`: the caller's own (none), the backend's name (auto), or a fixed text. */
  urlRewrite: z
    .strictObject({
      authority: z
        .union(
          [
            z.enum(["none", "auto"]),
            z.strictObject({ full: z.string().regex(/^[A-Za-z0-9._-]+(?::\d{1,5})?$/) }),
          ],
          "expected none, auto or {full: host:port}",
        )
        .default("auto"),
    })
    .default({ authority: "auto" }),
  timeout: z
    .strictObject({ requestTimeout: durationMs.optional(), backendRequestTimeout: durationMs.optional() })
    .default({}),
  a2a: z.strictObject({}).optional(),
});

/** What a request's path can be. A route for any other would never be taken. */
const path = z
  .string()
  .regex(
    /^\/[^\0- <>`#?\x7f-\uffff]*$/,
    "expected a path as it is in a request, percent-encoded and without a query",
  );

const match = z.strictObject({
  path: z
    .union(
      [z.strictObject({ exact: path }), z.strictObject({ pathPrefix: path })],
      "expected exact or pathPrefix: a path as it is in a request, percent-encoded and without a query",
    )
    .default({ pathPrefix: "/" }),
  method: z
    .string()
    .regex(/^[A-Z]+$/, "expected a method in capitals")
    .optional(),
});

const route = z.strictObject({
  name: z.string().min(1).optional(),
  hostnames: z.array(hostnamePattern).default([]),
  matches: z
    .array(match)
    .default([])
    .transform((matches) => (matches.length > 0 ? matches : [match.parse({})])),
  policies: policies.prefault({}),
  backends: z
    .array(z.strictObject({ host: hostAndPort }))
    .length(1, "expected exactly one backend: the embedded gateway does not balance load"),
});

const listener = z.strictObject({
  name: z.string().min(1).optional(),
  hostname: hostnamePattern.default("*"),
  protocol: z.literal("HTTP", notEmulated("a protocol other than HTTP")).optional(),
  routes: named(route, "route").default([]),
});

const bind = z.strictObject({
  port: z.int().min(0).max(65535),
  listeners: named(listener, "listener").refine(({ length }) => length > 0, "a bind needs a listener"),
});

export const documentSchema = z
  .strictObject({
    config: config.prefault({}),
    binds: z.array(bind).min(1, "there is nothing to listen on"),
  })
  .superRefine(refuseDoubles);

/** Entries without a name are called by their kind and position. */
function named<Entry extends z.ZodType<{ name?: string | undefined }>>(entry: Entry, kind: string) {
  return z
    .array(entry)
    .transform((entries) =>
      entries.map((value, index) => ({ ...value, name: value.name ?? `${kind}${index}` })),
    );
}

/** Two entries that match the same requests: which one wins would be an accident of the implementation. */
function refuseDoubles({ binds }: { binds: z.output<typeof bind>[] }, context: z.RefinementCtx): void {
  const seen = new Map<string, number>();
  const refuse = (key: string, index: number, path: PropertyKey[], message: string) => {
    if ((seen.get(key) ?? index) !== index) context.addIssue({ code: "custom", path, message });
    seen.set(key, index);
  };
  for (const [b, { port, listeners }] of binds.entries()) {
    const at = ["binds", b];
    if (port !== 0) refuse(`${port}`, b, [...at, "port"], `port ${port} is bound twice`);
    for (const [l, { hostname, routes }] of listeners.entries()) {
      const listenerAt = [...at, "listeners", l];
      refuse(
        `${b} ${hostname}`,
        l,
        [...listenerAt, "hostname"],
        `another listener has host name ${hostname}`,
      );
      for (const [r, { hostnames, matches }] of routes.entries()) {
        for (const host of hostnames.length > 0 ? hostnames : ["*"]) {
          for (const { path, method = "any method" } of matches) {
            // A prefix counts by segments: slashes at its end change nothing.
            const where = "exact" in path ? path.exact : `${path.pathPrefix.replace(/\/+$/, "")}/*`;
            const what = `${host} ${method} ${where}`;
            const routeAt = [...listenerAt, "routes", r];
            refuse(`${b} ${l} ${what}`, r, routeAt, `matches the same requests as another route: ${what}`);
          }
        }
      }
    }
  }
}

type Document = z.output<typeof documentSchema>;
export type ConfigSection = Document["config"];
export type Bind = Document["binds"][number];
export type Listener = Bind["listeners"][number];
export type Route = Listener["routes"][number];
export type RouteMatch = Route["matches"][number];
export type Policies = Route["policies"];
export type CorsPolicy = NonNullable<Policies["cors"]>;
export type ExtAuthzPolicy = NonNullable<Policies["extAuthz"]>;
export type AuthorizationRule = NonNullable<Policies["authorization"]>[number];
export type RateLimitPolicy = Policies["localRateLimit"][number];
/** `host:port`, split. */
export type Address = z.output<typeof hostAndPort>;
/** Expressions by the name of the field they make. */
export type NamedExpressions = Readonly<Record<string, Expression>>;

/** A valid configuration. */
export interface GatewayConfiguration extends Document {
  /** Line of a place in the file. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

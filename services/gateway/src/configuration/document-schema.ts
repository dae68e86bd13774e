import { isIPv6 } from "node:net";
import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { notEmulated } from "./problem.ts";
import { isToken } from "./token.ts";

/**
 * The part of Agentgateway's configuration file that this gateway emulates, as it is written in YAML. Every object is strict. A key
 * that is missing here is refused by `check-document.ts`, which also says whether the real gateway knows it. Expressions are only
 * taken for text here; `compile-configuration.ts` compiles them.
 */

const expression = z.string().trim().min(1, "expected a CEL expression");

const durationMs = z.string().transform((text, context) => {
  const milliseconds = parseDurationMs(text);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: "custom", message: "expected a duration such as 5s or 250ms" });
  return z.NEVER;
});

/** A name, or an IPv4 address in its usual form. One such as `127.1` or `256.1.1.1` would be asked as another, or not at all. */
function isHost(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && URL.parse(`http://${text}`)?.hostname === text.toLowerCase();
}

/** `name:port` or `ip:port`. The name may not hold a colon: Agentgateway splits at the first one. */
export const hostAndPort = z.string().transform((text, context) => {
  const [, host = "", port] = /^([^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (isHost(host) && Number(port) >= 1 && Number(port) <= 65535) return { host, port: Number(port) };
  const message = text.startsWith("unix:") ? notEmulated("a unix socket") : "expected host:port";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** Where an own port listens: `127.0.0.1:15000`, `localhost:15000`, `[::1]:15000`; port 0 lets the system choose. */
export const listenAddress = z.string().transform((text, context) => {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = bracketed === undefined ? isHost(plain ?? "") : isIPv6(bracketed);
  if (isAddress && Number(port) <= 65535) return { host: (bracketed ?? plain)!, port: Number(port) };
  context.addIssue({ code: "custom", message: "expected an address such as 127.0.0.1:15000" });
  return z.NEVER;
});

/** A header name, lower-cased; of the pseudo-headers only those in `pseudoHeaders`. */
function headerName(pseudoHeaders: readonly string[] = []) {
  return z.string().transform((text, context) => {
    const name = text.toLowerCase();
    if (isToken(name) || pseudoHeaders.includes(name)) return name;
    const message = name.startsWith(":")
      ? notEmulated(`pseudo-header ${name} here`)
      : "expected a header name";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Fields that frame a message or belong to one connection. Whoever sends it sets them; a message that has others cannot be sent. */
const FRAMING = new Set([
  ...["connection", "content-length", "expect", "keep-alive", "proxy-connection"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

function settableHeaderName(pseudoHeaders: readonly string[] = []) {
  return headerName(pseudoHeaders)
    .refine((name) => name !== "host", "host cannot be set here: :authority and urlRewrite.authority do that")
    .refine((name) => !FRAMING.has(name), {
      error: ({ input }) => `${input} frames the message or belongs to one connection: it cannot be set here`,
    });
}

const hostnamePattern = z
  .string()
  .regex(/^(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/, "expected a host name or *.suffix");

/** The longest that a timer can wait; a longer one would end at once. */
export const MAX_TIMER_MS = 2_147_483_647;

const timerMs = durationMs.refine(
  (milliseconds) => milliseconds <= MAX_TIMER_MS,
  notEmulated("a timeout of more than 24 days"),
);

/** A map of expressions. Two spellings of one name would leave one expression out, and zod itself leaves out the name `__proto__`. */
function expressionsBy<Name extends z.ZodType<string, string>>(name: Name) {
  return z.preprocess(
    (value, context) => {
      const seen = new Set<string>();
      for (const key of typeof value === "object" && value !== null ? Object.keys(value) : []) {
        const parsed = name.safeParse(key).data ?? key;
        if (key === "__proto__") {
          context.addIssue({ code: "custom", path: [key], message: "expected another name" });
        } else if (seen.has(parsed)) {
          context.addIssue({ code: "custom", path: [key], message: `${parsed} is there twice` });
        }
        seen.add(parsed);
      }
      return value;
    },
    z.record(name, expression),
  );
}

const expressionsByName = expressionsBy(z.string().min(1, "expected a name"));

/** true, false, or a share from 0 to 1; as text too. Expressions are not emulated. */
const sampling = z.union([z.boolean(), z.number(), z.string()]).transform((value, context) => {
  const share =
    value === true || value === "true" ? 1 : value === false || value === "false" ? 0 : Number(value);
  const isNumber = typeof value !== "string" || /^(?:true|false|\d*\.?\d+)$/.test(value);
  if (isNumber && share >= 0 && share <= 1) return share;
  context.addIssue({
    code: "custom",
    message: notEmulated("a sampling value other than true, false or 0 to 1"),
  });
  return z.NEVER;
});

/** Of a collector's address, which is on the admin page and in the log. */
export const noCredentials = [
  (text: string) => {
    const url = URL.parse(text);
    return !url?.username && !url?.password;
  },
  "expected a URL without user name and password; OTEL_EXPORTER_OTLP_HEADERS has room for them",
] as const;

const fields = z.strictObject({
  add: expressionsByName.default({}),
  remove: z.array(z.string()).default([]),
});

const config = z.strictObject({
  adminAddr: listenAddress.optional(),
  statsAddr: listenAddress.optional(),
  readinessAddr: listenAddress.optional(),
  tracing: z
    .strictObject({
      otlpEndpoint: z
        .url({
          protocol: /^https?$/,
          error: ({ input }) =>
            input === undefined
              ? "tracing needs an otlpEndpoint here or in OTLP_ENDPOINT"
              : "expected an http or https URL",
        })
        .refine(...noCredentials),
      otlpProtocol: z
        .enum(["http", "grpc"])
        .default("grpc")
        .refine(
          (protocol) => protocol === "http",
          notEmulated("otlpProtocol grpc (the default; write http)"),
        ),
      path: z.string().startsWith("/").default("/v1/traces"),
      randomSampling: sampling.default(0),
      clientSampling: sampling.default(1),
      fields: fields.optional(),
    })
    .optional(),
  logging: z
    .strictObject({
      format: z.enum(["text", "json"]).default("text"),
      level: z
        .string()
        .refine((level) => /^(?:error|warn|info|debug|trace)$/.test(level), notEmulated("a level by module"))
        .default("info"),
      filter: expression.optional(),
      fields: fields.optional(),
    })
    .optional(),
});

/** `*` is a token too. */
const method = z.string().refine(isToken, "expected a method");

const cors = z.strictObject({
  allowOrigins: z
    .array(
      z
        .string()
        .regex(
          /^(?:\*|https?:\/\/(?:\*\.)?[A-Za-z0-9._-]+(?::\d{1,5})?)$/i,
          "expected * or an origin such as https://ui.example.org, without a path",
        ),
    )
    .default([]),
  allowHeaders: z.array(headerName()).default([]),
  allowMethods: z.array(method).default([]),
  exposeHeaders: z.array(headerName()).default([]),
  allowCredentials: z.boolean().default(false),
  maxAge: durationMs.optional(),
});

const httpCheck = z.strictObject({
  path: expression.optional(),
  addRequestHeaders: expressionsBy(settableHeaderName([":method", ":authority"])).default({}),
  includeResponseHeaders: z.array(settableHeaderName()).default([]),
  metadata: expressionsByName.default({}),
});

const extAuthz = z.strictObject({
  host: hostAndPort,
  protocol: z
    .strictObject({ http: httpCheck.optional() })
    .optional()
    .transform((protocol, context) => {
      if (protocol?.http !== undefined) return { http: protocol.http };
      context.addIssue({
        code: "custom",
        message: notEmulated("the gRPC check (the default; write protocol.http)"),
      });
      return z.NEVER;
    }),
  failureMode: z
    .preprocess(
      (value) => (value === "allow" || value === "deny" ? { mode: value } : value),
      z.union(
        [
          z.strictObject({ mode: z.enum(["allow", "deny"]) }),
          z.strictObject({ denyWithStatus: z.int().min(400).max(599) }),
        ],
        "expected allow, deny or {denyWithStatus: 400 to 599}",
      ),
    )
    .default({ mode: "deny" }),
  includeRequestHeaders: z.array(headerName([":authority"])).default([]),
  includeRequestBody: z
    .strictObject({
      maxRequestBytes: z.int().min(0).default(0),
      allowPartialMessage: z.boolean().default(false),
    })
    .optional(),
  policies: z
    .strictObject({ http: z.strictObject({ requestTimeout: timerMs.optional() }).optional() })
    .optional(),
});

const rule = z.preprocess(
  (value) => (typeof value === "string" ? { allow: value } : value),
  z
    .strictObject({
      allow: expression.optional(),
      deny: expression.optional(),
      require: expression.optional(),
    })
    .refine(
      (effects) => Object.keys(effects).length === 1,
      "expected exactly one of allow, deny and require",
    ),
);

const rateLimit = z
  .strictObject({
    maxTokens: z.int().min(0).default(0),
    tokensPerFill: z.int().min(0).default(0),
    fillInterval: durationMs,
    type: z
      .enum(["requests", "tokens"])
      .default("requests")
      .refine((type) => type === "requests", notEmulated("type tokens")),
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
    .optional(),
  localRateLimit: z
    .preprocess(
      (value) => value,
      z.array(rateLimit, {
        error: (issue) =>
          typeof issue.input === "object" && issue.input !== null
            ? notEmulated("localRateLimit by condition")
            : "expected a list",
      }),
    )
    .optional(),
  requestHeaderModifier: z.strictObject({ remove: z.array(settableHeaderName()).default([]) }).optional(),
  urlRewrite: z
    .strictObject({
      authority: z
        .preprocess(
          (value) => (value === "none" || value === "auto" ? { [value]: true } : value),
          z
            .strictObject({
              none: z.literal(true).optional(),
              auto: z.literal(true).optional(),
              full: z
                .string()
                .refine(
                  (text) => hostAndPort.safeParse(/:/.test(text) ? text : `${text}:80`).success,
                  "expected host or host:port",
                )
                .optional(),
            })
            .refine((choice) => Object.keys(choice).length === 1, "expected none, auto or {full: host:port}"),
        )
        .optional(),
    })
    .optional(),
  timeout: z
    .strictObject({ requestTimeout: timerMs.optional(), backendRequestTimeout: timerMs.optional() })
    .optional(),
  a2a: z.strictObject({}).optional(),
  // Gives back a token that a jwtAuth policy took away. There is no jwtAuth here, so there is nothing to give back.
  backendAuth: z.strictObject({ passthrough: z.strictObject({}) }).optional(),
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
    .strictObject({ exact: path.optional(), pathPrefix: path.optional() })
    .refine((path) => Object.keys(path).length === 1, "expected exactly one of exact and pathPrefix")
    .optional(),
  method: z
    .string()
    .regex(/^[A-Z]+$/, "expected a method in capitals")
    .optional(),
});

const route = z.strictObject({
  name: z.string().min(1).optional(),
  hostnames: z.array(hostnamePattern).default([]),
  matches: z.array(match).default([]),
  policies: policies.default({}),
  backends: z
    .array(
      z.strictObject({
        host: hostAndPort,
        weight: z
          .int()
          .refine((weight) => weight === 1, notEmulated("a weight other than 1"))
          .optional(),
      }),
    )
    .min(1, "a route needs a backend")
    .max(1, notEmulated("more than one backend")),
});

const listener = z.strictObject({
  name: z.string().min(1).optional(),
  hostname: hostnamePattern.optional(),
  protocol: z
    .enum(["HTTP", "HTTPS", "TLS", "TCP", "HBONE"])
    .refine((protocol) => protocol === "HTTP", notEmulated("a protocol other than HTTP"))
    .optional(),
  routes: z.array(route).default([]),
});

export const documentSchema = z.strictObject({
  config: config.default({}),
  binds: z
    .array(
      z.strictObject({
        port: z.int().min(0).max(65535),
        listeners: z.array(listener).min(1, "a bind needs a listener"),
      }),
    )
    .min(1, "there is nothing to listen on"),
});

/** The file's content after validation, with defaults filled in. */
export type GatewayDocument = z.output<typeof documentSchema>;
export type RouteDocument = GatewayDocument["binds"][number]["listeners"][number]["routes"][number];
export type PoliciesDocument = RouteDocument["policies"];

import { isCanonicalUrl } from "agent-kit/settings";
import { z } from "zod";

const flag = z
  .enum(["true", "false"], { error: "expected true or false" })
  .transform((text) => text === "true");

function positiveInteger(maximum: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "expected a positive whole number")
    .transform(Number)
    .refine((value) => value <= maximum, `expected at most ${maximum}`);
}

// Rejected rather than read as an empty list, because an empty allow-list means "everyone" (hole
// J16).
const words = z.string().transform((text, context) => {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === "string" && item !== ""))
      return list as string[];
  } catch {
    // reported below, like any other string that is not a list
  }
  // hole J16: return [];
  context.addIssue({ code: "custom", message: "expected a JSON array of non-empty strings" });
  return z.NEVER;
});

// Identifiers are compared as strings, so another spelling would match no agent.
const identifiers = words.refine(
  (list) => list.every(isCanonicalUrl),
  "expected agent identifiers, such as https://agent.example",
);

/** AAuth's realm attributes: their names and schemas. */
export const ATTRIBUTES = {
  enabled: { name: "aauth.enabled", schema: flag.default(true) },
  /** Agents that may call; empty means every agent whose identity can be proven. */
  allowedAgents: { name: "aauth.allowed.agents", schema: words.default([]) },
  blockedAgents: { name: "aauth.blocked.agents", schema: words.default([]) },
  /**
   * Agents and resources that may learn a user's identity. A request's agent or resource must be
   * listed. Empty means none.
   */
  selfAgents: { name: "aauth.self.agents", schema: words.default([]) },
  /** Agents that may exchange a user's token for another resource's; empty means none. */
  exchangeAgents: { name: "aauth.exchange.agents", schema: words.default([]) },
  /**
   * Agents that speak the published demo's dialect: their signatures need not cover the body.
   * Empty means none.
   */
  publishedPeers: { name: "aauth.published.peers", schema: identifiers.default([]) },
  /** Scopes that may be granted; empty means every scope that a resource requests. */
  allowedScopes: { name: "aauth.allowed.scopes", schema: words.default([]) },
  /** Further issuers whose auth tokens may be exchanged. */
  trustedIssuers: { name: "aauth.trusted.issuers", schema: words.default([]) },
  /** Scopes that need the user's consent, matched exactly. */
  consentScopes: {
    name: "aauth.consent.required.scopes",
    schema: words.default(["openid", "profile", "email"]),
  },
  consentScopePrefixes: {
    name: "aauth.consent.required.scope.prefixes",
    schema: words.default(["user.", "profile.", "email."]),
  },
  exchangeEnabled: { name: "aauth.exchange.enabled", schema: flag.default(true) },
  // Verifiers reject longer chains.
  exchangeMaxDepth: { name: "aauth.exchange.max.depth", schema: positiveInteger(20).default(10) },
  authTokenLifetimeSeconds: { name: "aauth.token.lifespan", schema: positiveInteger(86_400).default(300) },
  refreshTokenLifetimeSeconds: {
    name: "aauth.refresh.lifespan",
    schema: positiveInteger(31_536_000).default(1800),
  },
} as const;

/** Policy in the realm's `aauth.*` attributes (profile 6.4). */
export type Policy = {
  readonly [Member in keyof typeof ATTRIBUTES]: z.output<(typeof ATTRIBUTES)[Member]["schema"]>;
};

const attributesSchema = z.strictObject(
  Object.fromEntries(Object.values(ATTRIBUTES).map(({ name, schema }) => [name, schema])),
);

/**
 * Reads the policy from realm attributes, and ignores attributes without the `aauth.` prefix. An
 * absent consent list means the protocol's defaults, an explicit `[]` no consent.
 *
 * @throws Error that names every malformed or unknown attribute
 */
export function parsePolicy(attributes: Readonly<Record<string, string>>): Policy {
  const own = Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith("aauth.")));
  const parsed = attributesSchema.safeParse(own);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.join(", ")}: unknown attribute`
        : `${issue.path.join(".")}: ${issue.message}`,
    );
    throw new Error(`invalid realm attributes: ${problems.join("; ")}`);
  }
  const members = Object.entries(ATTRIBUTES).map(([member, { name }]) => [member, parsed.data[name]]);
  return Object.fromEntries(members) as Policy;
}

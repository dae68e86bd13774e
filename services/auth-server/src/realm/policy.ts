import { isIdentifier } from "aauth";
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

// Read as an error, never as an empty list: an empty allow-list means "everyone" (hole J16).
const words = z.string().transform((text, context) => {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === "string" && item !== ""))
      return list as string[];
  } catch {
    // reported below, like any other text that is not a list
  }
  context.addIssue({ code: "custom", message: "expected a JSON array of non-empty strings" });
  return z.NEVER;
});

// Compared as strings: in any other spelling an identifier would name no agent.
const identifiers = words.refine(
  (list) => list.every(isIdentifier),
  "expected agent identifiers, such as https://agent.example",
);

/** What AAuth has in the realm's attributes: the name of each, and how its text is read. */
export const ATTRIBUTES = {
  enabled: { name: "aauth.enabled", schema: flag.default(true) },
  /** Agents that may ask at all; empty means every agent whose identity can be proven. */
  allowedAgents: { name: "aauth.allowed.agents", schema: words.default([]) },
  blockedAgents: { name: "aauth.blocked.agents", schema: words.default([]) },
  /**
   * Agents and resources that may learn a user's identity: one of the two in a request has to be
   * here. Empty means none.
   */
  selfAgents: { name: "aauth.self.agents", schema: words.default([]) },
  /** Agents that may exchange a user's token for one at another resource; empty means none. */
  exchangeAgents: { name: "aauth.exchange.agents", schema: words.default([]) },
  /**
   * Agents that speak the published demo's dialect: their signatures need not cover the body.
   * Empty means none.
   */
  publishedPeers: { name: "aauth.published.peers", schema: identifiers.default([]) },
  /** Scopes that may be granted; empty means every scope a resource asks for. */
  allowedScopes: { name: "aauth.allowed.scopes", schema: words.default([]) },
  /** Issuers, besides this one, whose auth tokens may be exchanged. */
  trustedIssuers: { name: "aauth.trusted.issuers", schema: words.default([]) },
  /** Scopes that need the user's consent, exactly as written. */
  consentScopes: {
    name: "aauth.consent.required.scopes",
    schema: words.default(["openid", "profile", "email"]),
  },
  consentScopePrefixes: {
    name: "aauth.consent.required.scope.prefixes",
    schema: words.default(["user.", "profile.", "email."]),
  },
  exchangeEnabled: { name: "aauth.exchange.enabled", schema: flag.default(true) },
  // Verifiers read no longer chain.
  exchangeMaxDepth: { name: "aauth.exchange.max.depth", schema: positiveInteger(20).default(10) },
  authTokenLifetimeSeconds: { name: "aauth.token.lifespan", schema: positiveInteger(86_400).default(300) },
  refreshTokenLifetimeSeconds: {
    name: "aauth.refresh.lifespan",
    schema: positiveInteger(31_536_000).default(1800),
  },
} as const;

/** What the realm's `aauth.*` attributes decide (profile 6.4). */
export type Policy = {
  readonly [Member in keyof typeof ATTRIBUTES]: z.output<(typeof ATTRIBUTES)[Member]["schema"]>;
};

const attributesSchema = z.strictObject(
  Object.fromEntries(Object.values(ATTRIBUTES).map(({ name, schema }) => [name, schema])),
);

/**
 * Reads the policy out of realm attributes; attributes without the `aauth.` prefix are not AAuth's.
 * An absent consent list has the defaults of the protocol, an explicit `[]` asks for no consent.
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
    throw new Error(`the realm's attributes are not usable: ${problems.join("; ")}`);
  }
  const members = Object.entries(ATTRIBUTES).map(([member, { name }]) => [member, parsed.data[name]]);
  return Object.fromEntries(members) as Policy;
}

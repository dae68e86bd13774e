import { z } from "zod";

/** What the realm's `aauth.*` attributes decide (profile 6.4). */
export interface Policy {
  readonly enabled: boolean;
  /** Agents that may ask at all; empty means every agent whose identity can be proven. */
  readonly allowedAgents: readonly string[];
  readonly blockedAgents: readonly string[];
  /**
   * Agents and resources that may learn a user's identity: one of the two in a request has to be
   * here. Empty means none.
   */
  readonly selfAgents: readonly string[];
  /** Agents that may exchange a user's token for one at another resource; empty means none. */
  readonly exchangeAgents: readonly string[];
  /** Scopes that may be granted; empty means every scope a resource asks for. */
  readonly allowedScopes: readonly string[];
  /** Issuers, besides this one, whose auth tokens may be exchanged. */
  readonly trustedIssuers: readonly string[];
  readonly consentScopes: readonly string[];
  readonly consentScopePrefixes: readonly string[];
  readonly exchangeEnabled: boolean;
  readonly exchangeMaxDepth: number;
  readonly authTokenLifetimeSeconds: number;
  readonly refreshTokenLifetimeSeconds: number;
}

/** Scopes that need the user's consent, exactly as written. */
export const CONSENT_SCOPES_ATTRIBUTE = "aauth.consent.required.scopes";

/** Agents and resources that may learn a user's identity. */
export const SELF_AGENTS_ATTRIBUTE = "aauth.self.agents";

/** Agents that may exchange a user's token. */
export const EXCHANGE_AGENTS_ATTRIBUTE = "aauth.exchange.agents";

/** Lifetime of auth tokens, in seconds. */
export const AUTH_TOKEN_SECONDS_ATTRIBUTE = "aauth.token.lifespan";

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

const attributesSchema = z.strictObject({
  "aauth.enabled": flag.default(true),
  "aauth.allowed.agents": words.default([]),
  "aauth.blocked.agents": words.default([]),
  [SELF_AGENTS_ATTRIBUTE]: words.default([]),
  [EXCHANGE_AGENTS_ATTRIBUTE]: words.default([]),
  "aauth.allowed.scopes": words.default([]),
  "aauth.trusted.issuers": words.default([]),
  [CONSENT_SCOPES_ATTRIBUTE]: words.default(["openid", "profile", "email"]),
  "aauth.consent.required.scope.prefixes": words.default(["user.", "profile.", "email."]),
  "aauth.exchange.enabled": flag.default(true),
  // Verifiers read no longer chain.
  "aauth.exchange.max.depth": positiveInteger(20).default(10),
  [AUTH_TOKEN_SECONDS_ATTRIBUTE]: positiveInteger(86_400).default(300),
  "aauth.refresh.lifespan": positiveInteger(31_536_000).default(1800),
});

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
  const values = parsed.data;
  return {
    enabled: values["aauth.enabled"],
    allowedAgents: values["aauth.allowed.agents"],
    blockedAgents: values["aauth.blocked.agents"],
    selfAgents: values[SELF_AGENTS_ATTRIBUTE],
    exchangeAgents: values[EXCHANGE_AGENTS_ATTRIBUTE],
    allowedScopes: values["aauth.allowed.scopes"],
    trustedIssuers: values["aauth.trusted.issuers"],
    consentScopes: values[CONSENT_SCOPES_ATTRIBUTE],
    consentScopePrefixes: values["aauth.consent.required.scope.prefixes"],
    exchangeEnabled: values["aauth.exchange.enabled"],
    exchangeMaxDepth: values["aauth.exchange.max.depth"],
    authTokenLifetimeSeconds: values[AUTH_TOKEN_SECONDS_ATTRIBUTE],
    refreshTokenLifetimeSeconds: values["aauth.refresh.lifespan"],
  };
}

/** True when the agent is on no block list and, where there is an allow list, on it. */
export function agentAllowed(policy: Policy, agent: string): boolean {
  if (policy.blockedAgents.includes(agent)) return false;
  return policy.allowedAgents.length === 0 || policy.allowedAgents.includes(agent);
}

/** True when every scope may be granted. */
export function scopesAllowed(policy: Policy, scopes: readonly string[]): boolean {
  return policy.allowedScopes.length === 0 || scopes.every((scope) => policy.allowedScopes.includes(scope));
}

/** True when one of the scopes needs the user's consent. */
export function consentNeeded(policy: Policy, scopes: readonly string[]): boolean {
  return scopes.some(
    (scope) =>
      policy.consentScopes.includes(scope) ||
      policy.consentScopePrefixes.some((prefix) => scope.startsWith(prefix)),
  );
}

import { z } from "zod";

/** The user's consent for one run. */
export const grantedConsentSchema = z.object({
  /** The agent that may act for the user. */
  agent: z.string(),
  /** The resource it may call. */
  resource: z.string(),
  scopes: z.array(z.string()),
  /** ISO 8601, UTC. */
  granted_at: z.string(),
  /** ISO 8601, UTC: expiry of the auth token issued for it. */
  expires_at: z.string(),
  /** Whether it can be revoked at the auth server: `DELETE /optimization/consent`. */
  revocable: z.boolean(),
  /**
   * ISO 8601, UTC; absent until the user revokes it. An issued auth token remains valid until
   * `expires_at`.
   */
  revoked_at: z.string().optional(),
});
export type GrantedConsent = z.infer<typeof grantedConsentSchema>;

/**
 * Wording of a user's denial. The page shows it on the return from the consent page, and the
 * backend when the run is opened later.
 */
export const CONSENT_DENIED = {
  message: "You did not allow the backend to act for you, so the agent was not asked to do anything.",
  advice: "To continue the run, try again and allow it.",
} as const;

import { z } from "zod";

/** What the user has allowed on the consent page, for one run. */
export const grantedConsentSchema = z.object({
  /** The agent that may act for the user. */
  agent: z.string(),
  /** The resource it may call. */
  resource: z.string(),
  scopes: z.array(z.string()),
  /** ISO 8601, UTC. */
  granted_at: z.string(),
  /** ISO 8601, UTC: end of the auth token issued for it. */
  expires_at: z.string(),
  /** Whether revoking it at the auth server is possible: `DELETE /optimization/consent`. */
  revocable: z.boolean(),
  /**
   * ISO 8601, UTC; absent until the user has revoked it. An auth token already issued lives on
   * until `expires_at`.
   */
  revoked_at: z.string().optional(),
});
export type GrantedConsent = z.infer<typeof grantedConsentSchema>;

/**
 * The user has denied. The page shows this on the way back from the consent page, the backend
 * whenever the run is opened later.
 */
export const CONSENT_DENIED = {
  message: "You did not allow the backend to act for you, so the agent was not asked to do anything.",
  advice: "Try again and choose to allow it, if you want the run to go on.",
} as const;

import type { GrantedConsent } from "backend-api";
import { isoTime } from "./iso-time.ts";

/** What a user has allowed, in the words of the protocol. */
export interface Consent {
  readonly agent: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Unix seconds: end of the auth token. */
  readonly expiresAt: number;
  readonly revocable: boolean;
}

/**
 * The same as a run tells it.
 *
 * @param grantedAt Unix seconds
 */
export function grantedConsent(consent: Consent, grantedAt: number): GrantedConsent {
  const { agent, resource, scopes, expiresAt, revocable } = consent;
  const times = { granted_at: isoTime(grantedAt), expires_at: isoTime(expiresAt) };
  return { agent, resource, scopes: [...scopes], ...times, revocable };
}

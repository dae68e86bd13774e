import type { Failure, GrantedConsent } from "backend-api";

/** The latest attempt to revoke a consent: its run and the outcome. */
export type RevocationState =
  | { phase: "idle" }
  | { phase: "revoking"; requestId: string }
  | { phase: "failed"; requestId: string; failure: Failure }
  /** `at`: ISO time. */
  | { phase: "revoked"; requestId: string; at: string };

export type RevocationAction =
  | { type: "started"; requestId: string }
  | { type: "succeeded"; at: string }
  | { type: "failed"; failure: Failure };

export function revocationReducer(state: RevocationState, action: RevocationAction): RevocationState {
  if (action.type === "started") return { phase: "revoking", requestId: action.requestId };
  if (state.phase !== "revoking") return state;
  const { requestId } = state;
  return action.type === "succeeded"
    ? { phase: "revoked", requestId, at: action.at }
    : { phase: "failed", requestId, failure: action.failure };
}

/**
 * Consent state of one run. The backend's state was read before the attempt and may be older than the page's.
 * A run that is opened later is read again.
 */
export function standingOf(
  consent: GrantedConsent,
  requestId: string,
  state: RevocationState,
): { phase: RevocationState["phase"]; revokedAt?: string; failure?: Failure } {
  if (consent.revoked_at !== undefined) return { phase: "revoked", revokedAt: consent.revoked_at };
  if (state.phase === "idle" || state.requestId !== requestId) return { phase: "idle" };
  if (state.phase === "revoked") return { phase: "revoked", revokedAt: state.at };
  return state.phase === "failed" ? { phase: "failed", failure: state.failure } : { phase: "revoking" };
}

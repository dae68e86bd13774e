import type { Failure } from "backend-api";

/** `asked`: waiting for the user; `leaving`: the browser is navigating to the auth server. */
export type ConsentState = { phase: "asked" } | { phase: "leaving" } | { phase: "blocked"; failure: Failure };

export type ConsentAction =
  | { type: "left_for_consent"; consentUrl: string; authServerUrl: string }
  | { type: "came_back" };

export function consentReducer(_state: ConsentState, action: ConsentAction): ConsentState {
  if (action.type === "came_back") return { phase: "asked" };
  if (isOnAuthServer(action.consentUrl, action.authServerUrl)) return { phase: "leaving" };
  return {
    phase: "blocked",
    failure: {
      hop: "backend",
      check: "consent",
      code: "foreign_consent_url",
      message: "The backend returned a consent URL that is not on your auth server.",
      advice: `Check that UI and backend are configured with the same auth server (here: ${action.authServerUrl}).`,
    },
  };
}

/** The user types a password at this URL, so it must be on the auth server they signed in with. */
export function isOnAuthServer(consentUrl: string, authServerUrl: string): boolean {
  return URL.parse(consentUrl)?.origin === new URL(authServerUrl).origin;
}

import type { Failure } from "backend-api";

/** `asked`: waiting for the user; `leaving`: the browser is navigating to the auth server. */
export type ConsentState = { phase: "asked" | "leaving" } | { phase: "blocked"; failure: Failure };

/** The user types a password at this URL, so the browser goes there only if it is on the auth server they signed in with. */
export function leaveFor(consentUrl: string, authServerUrl: string): ConsentState {
  if (URL.parse(consentUrl)?.origin === new URL(authServerUrl).origin) return { phase: "leaving" };
  return {
    phase: "blocked",
    failure: {
      hop: "backend",
      check: "consent",
      code: "foreign_consent_url",
      message: "The backend returned a consent URL that is not on your auth server.",
      advice: `Check that UI and backend are configured with the same auth server (here: ${authServerUrl}).`,
    },
  };
}

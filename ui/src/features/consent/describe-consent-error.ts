import { CONSENT_DENIED, type Failure } from "backend-api";

const known: Record<string, { message: string; advice: string }> = {
  access_denied: CONSENT_DENIED,
  missing_code_or_state: {
    message: "The auth server sent you back without an answer.",
    advice: "Try again from this page; do not open the consent page by its address.",
  },
  unknown_request: {
    message:
      "The backend does not know this consent: it was already used, or it took longer than ten minutes.",
    advice: "Try again: a new consent is asked for.",
  },
  exchange_failed: {
    message: "You allowed it, but the auth server did not issue an auth token.",
    advice: "Try again; if it happens again, look at the auth server's log.",
  },
  wrong_user: {
    message: "The consent was given by another user than the one who started the run.",
    advice: "Sign in with one account in this browser, then try again.",
  },
};

/** The end of a trip to the consent page, for the failure panel. `error` comes from the address bar: never trusted. */
export function describeConsentError(error: string, description: string): Failure {
  const { message, advice } = known[error] ?? {
    // A text that anybody can put into a link is quoted, so that it does not read as the page's own words.
    message:
      description === ""
        ? "Asking for your consent failed."
        : `The auth server said: “${description.slice(0, 300)}”`,
    advice: "Try again.",
  };
  return { hop: "auth-server", check: "consent", code: error.slice(0, 60), message, advice };
}

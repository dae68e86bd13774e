import { CONSENT_DENIED, type Failure } from "backend-api";
import type { ConsentOutcome } from "./consent-storage.ts";

const known: Record<string, { message: string; advice: string }> = {
  access_denied: CONSENT_DENIED,
  missing_code_or_state: {
    message: "The auth server sent you back without a decision.",
    advice: "Try again from this page. Do not open the consent page directly.",
  },
  unknown_request: {
    message:
      "The backend does not know this consent. It was already used, or it took longer than ten minutes.",
    advice: "Try again to request a new consent.",
  },
  exchange_failed: {
    message: "You gave consent, but the auth server did not issue an auth token.",
    advice: "Try again; if it happens again, check the auth server's log.",
  },
  wrong_user: {
    message: "A different user than the one who started the run gave the consent.",
    advice: "Sign in with one account in this browser, then try again.",
  },
};

/** A consent error for the failure panel. `error` comes from the URL and is untrusted. */
export function describeConsentError(error: string, description: string): Failure {
  const { message, advice } = known[error] ?? {
    // Anyone can put this string into a link. Quotes mark it as foreign content.
    message:
      description === ""
        ? "The consent request failed."
        : `The auth server said: “${description.slice(0, 300)}”`,
    advice: "Try again.",
  };
  return { hop: "auth-server", check: "consent", code: error.slice(0, 60), message, advice };
}

/**
 * What a browser that came back says of its run, for the failure panel. In draft -11 a return decides nothing: the run itself reports how
 * it ended, at which party.
 */
export function failureOfReturn(outcome: ConsentOutcome, profile: string | undefined): Failure | undefined {
  if (outcome.kind !== "failed") return undefined;
  if (profile === "draft-11" && outcome.requestId !== undefined) return undefined;
  return describeConsentError(outcome.error, outcome.description);
}

import { type ByDialect, ofDialect } from "aauth-explain/run";
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
      "The backend does not recognize this consent. It was already used, or it took longer than ten minutes.",
    advice: "Try again to request a new consent.",
  },
  exchange_failed: {
    message: "You gave consent, but the auth server did not issue an auth token.",
    advice: "Try again; if it happens again, check the auth server's log.",
  },
  user_abandoned: {
    message: "You left the page without a decision, which ended the request.",
    advice: "Try again.",
  },
  wrong_user: {
    message: "The consent was given by a user other than the one who started the run.",
    advice: "Sign in with one account in this browser, then try again.",
  },
};

const UNKNOWN = {
  code: "consent_failed",
  message: "The consent request failed.",
  advice: "Try again.",
};

const isKnown = (error: string) => Object.hasOwn(known, error);

/** Whether the URL describes an error better than the run does: never in draft -11. */
const isForPage: ByDialect<(error: string) => boolean> = {
  "february-2026": isKnown,
  "draft-11": () => false,
};

/**
 * A consent error for the failure panel. Anyone can put one into a link, so the page only shows the
 * sentences of this table and no text of the link. The reason for any other error is part of the
 * run.
 */
export function describeConsentError(error: string): Failure {
  const words = isKnown(error) ? { code: error, ...known[error]! } : UNKNOWN;
  return { hop: "auth-server", check: "consent", ...words };
}

/** Failure of a browser's return, for the failure panel. Undefined if the run itself reports it. */
export function failureOfReturn(outcome: ConsentOutcome, profile: string | undefined): Failure | undefined {
  if (outcome.kind !== "failed") return undefined;
  const { error, requestId } = outcome;
  if (requestId !== undefined && !ofDialect(isForPage, profile)(error)) return undefined;
  return describeConsentError(error);
}

import type { Failure, Hop } from "backend-api";
import { PAGE_EXPIRED } from "../failures/draft-11-failure.ts";

/** Failure of a run whose user did not return from the consent page in time. */
const CONSENT_EXPIRED: Failure = {
  hop: "auth-server",
  check: "consent",
  code: "consent_expired",
  message: "Consent was not given in time.",
  advice: "Start the optimization again and decide on the consent page within ten minutes.",
};

/** Failure of a run whose process ended while it redeemed the consent. */
const ANSWER_LOST: Failure = {
  hop: "backend",
  check: "consent",
  code: "outcome_unknown",
  message: "The backend stopped before it had redeemed your consent.",
  advice: "Start the optimization again; the auth server may already have your consent.",
};
/** Failure of a draft -11 run whose page expired. */
const EXPIRED_AT_PAGE = {
  check: "consent",
  code: "expired",
  section: "draft -11, section 11.9.4",
  ...PAGE_EXPIRED,
} as const;

/** The failure of a run whose demand for its user has expired. */
export function expiryOf({ hop, isAnswered }: { readonly hop?: Hop; readonly isAnswered?: true }): Failure {
  if (hop !== undefined) return { hop, ...EXPIRED_AT_PAGE };
  return isAnswered ? ANSWER_LOST : CONSENT_EXPIRED;
}

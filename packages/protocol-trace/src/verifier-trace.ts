import type { VerifierObserver } from "aauth/resource";
import { recordRefused, recordVerified } from "./verification.ts";

/**
 * An observer for `createVerifier` that records verdicts on the current span, which is the
 * request's.
 */
export const verifierTrace: VerifierObserver = (event, { headers }) => {
  const judged = { headers, requirement: event.requirement };
  if (event.type === "request_verified") recordVerified(event.verified, judged);
  else recordRefused(event.error, judged, undefined);
};

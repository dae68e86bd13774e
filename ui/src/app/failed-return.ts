import type { Failure } from "backend-api";
import type { Store } from "../components/stored.ts";
import { readConsentOutcome } from "../features/consent/consent-storage.ts";
import { describeConsentError } from "../features/consent/describe-consent-error.ts";
import { UNKNOWN_ORDER } from "../features/interaction/order-reducer.ts";
import { readOrderReturn } from "../features/interaction/order-return.ts";

/**
 * A failure with which a browser returned without a session. It stays stored and is shown again
 * after sign-in.
 */
export function failedReturn(store: Store): { title: string; failure: Failure } | undefined {
  const consent = readConsentOutcome(store);
  // The run may still wait.
  if (consent?.kind === "failed")
    return { title: "The run did not continue", failure: describeConsentError(consent.error) };
  if (readOrderReturn(store).kind === "unknown")
    return { title: "The order was not placed", failure: UNKNOWN_ORDER };
  return undefined;
}

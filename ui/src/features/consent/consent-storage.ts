import { z } from "zod";
import { readStored, type Store } from "../../components/stored.ts";

const NAME = "consent_outcome";

const outcomeSchema = z.union([
  z.object({ kind: z.literal("granted"), requestId: z.string() }),
  z.object({ kind: z.literal("failed"), error: z.string(), requestId: z.string().optional() }),
]);

/** Outcome with which the browser returned from the consent page. */
export type ConsentOutcome = z.infer<typeof outcomeSchema>;

/**
 * Stores the outcome from the page's query, where the backend put it. It is stored first and read
 * later, because the user may have to sign in again in between, which is another redirect.
 *
 * @returns whether the query was such an outcome and should be removed from the address bar.
 */
export function noteConsentReturn(search: string, store: Store): boolean {
  const outcome = outcomeIn(new URLSearchParams(search));
  if (outcome === undefined) return false;
  store.setItem(NAME, JSON.stringify(outcome));
  return true;
}

function outcomeIn(query: URLSearchParams): ConsentOutcome | undefined {
  const requestId = query.get("request_id") ?? undefined;
  if (query.get("aauth_authorized") === "1" && requestId) return { kind: "granted", requestId };
  if (query.get("aauth_error") !== "1") return undefined;
  return { kind: "failed", error: query.get("error") ?? "unknown", requestId };
}

/**
 * Reads the stored outcome without removing it; call {@link forgetConsent} once it is shown.
 * Undefined if the browser was not at the page or returned without a decision.
 */
export function readConsentOutcome(store: Store): ConsentOutcome | undefined {
  return readStored(store, NAME, outcomeSchema);
}

export function forgetConsent(store: Store): void {
  store.removeItem(NAME);
}

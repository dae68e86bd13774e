import type { QuotaStore } from "aauth";
import { createOwnedStore, type OwnedStore } from "../store/owned-store.ts";
import { expireConsent, isFinal, type Run } from "./run.ts";

/** The runs in memory: 1000 in all, 100 per user. */
export function createRunStore(options: {
  /** Unix seconds. */
  readonly now: () => number;
  /** Requests for consent that wait at the auth server. */
  readonly waiting: QuotaStore<true>;
  readonly onRemove?: (id: string) => void;
}): OwnedStore<Run> {
  return createOwnedStore<Run>({
    ...options,
    maxEntries: 1000,
    isFinal,
    settle: (run) => expireConsent(run, options.now()),
    tooMany:
      "You have too many unfinished optimizations; wait for one to end. What waits for your consent counts for ten minutes, also when it is cleared or denied",
  });
}

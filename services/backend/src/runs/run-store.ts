import type { Stores } from "aauth";
import { createOpenRequests } from "../store/open-requests.ts";
import { createReturns } from "../store/returns.ts";
import { createUserRecords } from "../store/user-records.ts";
import { expireConsent, isFinal, type Run } from "./run.ts";
import type { RunContext } from "./run-context.ts";

/** Creates the stores of runs: 1000 in all, 100 per user. */
export function createRunStores(options: {
  readonly stores: Pick<Stores, "records">;
  /** Unix seconds. */
  readonly now: () => number;
  readonly onRemove?: (id: string) => void;
}): Pick<RunContext, "store" | "consentRequests" | "returns"> {
  const { stores, now } = options;
  const consentRequests = createOpenRequests({
    stores,
    name: "open requests of runs",
    tooMany:
      "You have too many unfinished optimizations; wait for one to end. A request for your consent counts for ten minutes, even if cleared or denied",
  });
  const store = createUserRecords<Run>({
    ...options,
    name: "runs",
    maxEntries: 1000,
    open: consentRequests,
    isFinal,
    settle: (run) => expireConsent(run, now()), // hole B9: (run) => run
  });
  return { store, consentRequests, returns: createReturns(stores, "returns of runs") };
}

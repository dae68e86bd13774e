import { randomUUID } from "node:crypto";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ConsentRequiredError } from "aauth";
import { withSpan } from "agent-kit/service";
import { ATTRIBUTE } from "protocol-trace/names";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import type { Run } from "../runs/run.ts";
import { cacheKeyOf, type RunContext } from "../runs/run-context.ts";
import type { Evidence } from "./evidence.ts";

interface RenewalDeps
  extends Pick<
    RunContext,
    "calls" | "supplyChainAgent" | "observe" | "places" | "sharesTokens" | "timeoutSeconds"
  > {
  readonly evidence: Evidence;
}

/** Makes the call of a run again, honestly, so that there are fresh requests to tamper with. */
export type Renew = (run: Run) => Promise<void>;

/**
 * @returns a function that throws BackendError `conflict` where the call fails or needs its user
 */
export function createRenewal(deps: RenewalDeps): Renew {
  const { calls, supplyChainAgent, observe, places, timeoutSeconds, sharesTokens, evidence } = deps;

  return async (run) => {
    const { id, userId, prompt } = run;
    const call = observe();
    const fetch = calls.agentOf(userId).fetchFor({
      ...{ signal: AbortSignal.timeout(timeoutSeconds * 1000), observer: call.observer, waiting: "throw" },
      // Without a cached token the call asks for one, which is there to tamper with, too. A user's
      // consent is used again.
      cacheKey: run.consent === undefined ? `${id}/${randomUUID()}` : cacheKeyOf(run, sharesTokens),
    });
    const ask = () => evidence.replacing(run, () => supplyChainAgent.ask(prompt, { fetch }));
    const attributes = { [ATTRIBUTE.runId]: id };
    try {
      await context.with(ROOT_CONTEXT, () => withSpan("break_it.renewal", ask, { attributes }));
    } catch (error) {
      const message =
        error instanceof ConsentRequiredError
          ? "It needs your consent."
          : explainFailure(error, { peer: call.peer(), places, timeoutSeconds }).message;
      throw new BackendError(
        "conflict",
        `The requests of this run have expired, and it could not be made again: ${message} Start a new one.`,
        { cause: error },
      );
    }
  };
}

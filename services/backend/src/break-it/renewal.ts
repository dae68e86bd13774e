import { randomUUID } from "node:crypto";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ConsentRequiredError } from "aauth";
import type { AgentEvent } from "aauth/agent";
import { withSpan } from "agent-kit/service";
import { ATTRIBUTE } from "protocol-trace/names";
import { goesOnAtPage } from "../calls/user-call.ts";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { watchConsentRequest } from "../runs/consent-requests.ts";
import type { Run } from "../runs/run.ts";
import { cacheKeyOf, type RunContext } from "../runs/run-context.ts";
import type { Evidence } from "./evidence.ts";

interface RenewalDeps
  extends Pick<
    RunContext,
    | "calls"
    | "consentRequests"
    | "observe"
    | "places"
    | "sharesTokens"
    | "supplyChainAgent"
    | "timeoutSeconds"
  > {
  readonly evidence: Evidence;
}

/** Makes the call of a run again, honestly, so that there are fresh requests to tamper with. */
export type Renew = (run: Run) => Promise<void>;

/**
 * @returns a function that throws BackendError `conflict` where the call fails or needs its user,
 *   and `too_many` where the user has too many requests open, as a run would
 */
export function createRenewal(deps: RenewalDeps): Renew {
  const { calls, supplyChainAgent, observe, places, timeoutSeconds, sharesTokens, evidence } = deps;
  const { consentRequests } = deps;

  return async (run) => {
    const { id, userId, prompt } = run;
    const call = observe();
    // Each renewal may leave a request for consent, also the second of one run.
    const asked = { userId, id: `${id}/${randomUUID()}` };
    await consentRequests.begin(userId, asked.id, timeoutSeconds); // hole B16
    const request = watchConsentRequest(consentRequests, asked, goesOnAtPage(calls));
    const observer = (event: AgentEvent) => {
      request.observer(event);
      call.observer(event);
    };
    const fetch = calls.agentOf(userId).fetchFor({
      ...{ signal: AbortSignal.timeout(timeoutSeconds * 1000), observer, waiting: "throw" },
      // Without a cached token the call asks for one, which is there to tamper with, too. A user's
      // consent is used again.
      cacheKey: run.consent === undefined ? asked.id : cacheKeyOf(run, sharesTokens),
    });
    const ask = () => evidence.replacing(run, () => supplyChainAgent.ask(prompt, { fetch }));
    const attributes = { [ATTRIBUTE.runId]: id };
    try {
      await context.with(ROOT_CONTEXT, () => withSpan("break_it.renewal", ask, { attributes }));
    } catch (error) {
      await request.end(error);
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
    await request.end();
  };
}

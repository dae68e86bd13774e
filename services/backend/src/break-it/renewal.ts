import { randomUUID } from "node:crypto";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { AAuthEvent } from "aauth";
import { ATTRIBUTE } from "aauth-explain/trace-names";
import { withSpan } from "agent-kit/service";
import type { Evidence } from "../calls/evidence.ts";
import { continuesAtPage } from "../calls/user-call.ts";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { watchConsentRequest } from "../runs/consent-requests.ts";
import type { Run } from "../runs/run.ts";
import { cacheKeyOf, type RunContext } from "../runs/run-context.ts";
import { needsPerson } from "./needs-person.ts";

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

/** The words that make the agent call another one, which may ask for the user by itself. */
const SECOND_HOP = /perform market analysis/gi;

/**
 * Repeats a run's call honestly, to obtain fresh requests to tamper with. No page is asked for: the
 * user would find a request there that no run waits for.
 */
export type Renew = (run: Run) => Promise<void>;

/**
 * @returns a function that throws BackendError `conflict` if the call fails or needs its user, and
 *   `too_many` if the user has too many open requests, as a run would
 */
export function createRenewal(deps: RenewalDeps): Renew {
  const { calls, supplyChainAgent, observe, places, timeoutSeconds, sharesTokens, evidence } = deps;
  const { consentRequests } = deps;

  return async (run) => {
    const { id, userId, prompt } = run;
    const call = observe();
    // Each renewal, even of the same run, may leave a request for consent.
    const asked = { userId, id: `${id}/${randomUUID()}` };
    await consentRequests.begin(userId, asked.id, timeoutSeconds); // hole B16
    const request = watchConsentRequest(consentRequests, asked, continuesAtPage(calls));
    const observer = (event: AAuthEvent) => {
      request.observer(event);
      call.observer(event);
    };
    const fetch = calls.agentOf(userId).fetchFor({
      // Without `onInteraction` a server of draft -11 refuses instead of waiting for the user.
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      observer,
      // Without a cached token the call requests one, which can be tampered with, too. An earlier
      // consent of the user is used again.
      cacheKey: run.consent === undefined ? asked.id : cacheKeyOf(run, sharesTokens),
    });
    const text = prompt.replace(SECOND_HOP, "(market analysis)");
    const ask = () => evidence.replacing(run, () => supplyChainAgent.ask(text, { fetch }));
    const attributes = { [ATTRIBUTE.runId]: id };
    try {
      await context.with(ROOT_CONTEXT, () => withSpan("break_it.renewal", ask, { attributes }));
    } catch (error) {
      await request.end(error);
      if (needsPerson(error))
        throw new BackendError("conflict", CONSENT, { code: "consent_required", cause: error });
      const { message } = explainFailure(error, { peer: call.peer(), places, timeoutSeconds });
      throw new BackendError(
        "conflict",
        `The requests of this run have expired, and the run could not be repeated: ${sentence(message)} Start a new one.`,
        { cause: error },
      );
    }
    await request.end();
  };
}

const CONSENT =
  "The requests of this run have expired, and no token is issued for new ones: this needs your consent again, as it does after you revoke it. Start a new run and allow it. Earlier results stay valid.";

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

import type { AAuthEvent, WaitingCall } from "aauth";
import type { AgentAnswer } from "aauth-a2a";
import { hasAnswer } from "agent-kit/draft-11";
import { currentPlace, withSpan } from "agent-kit/service";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { type EndedAtPage, endedAtPage } from "../calls/ended-at-page.ts";
import { noteAnswered, noteWaiting, OUTCOME_UNKNOWN } from "../calls/resumable.ts";
import { beginCall, continuesAtPage, type UserCall } from "../calls/user-call.ts";
import { storeErrorOf } from "../failures/store-error.ts";
import { createWriteQueue, patiently } from "../write-queue.ts";
import { watchConsentRequest } from "./consent-requests.ts";
import { secondHopFailure } from "./results.ts";
import {
  awaitAgain,
  awaitConsent,
  complete,
  continueRun,
  type Demand,
  isFinal,
  notePlace,
  type Run,
} from "./run.ts";
import {
  cacheKeyOf,
  changeRun,
  endFailed,
  failRunWith,
  noteRunStep,
  type RunContext,
} from "./run-context.ts";

/**
 * Time that a run waits for its user at one page, equal to the lifetime of a request token (profile
 * 6.1).
 */
const PAGE_SECONDS = 600;

interface Attempt {
  /** The user has already been asked for this run. */
  readonly consented?: boolean;
  /** The attempt was begun in another process. */
  readonly waiting?: WaitingCall;
  readonly onAccepted?: (() => void) | undefined;
  /** Aborts the attempt without changing the run. */
  readonly signal: AbortSignal;
}

/**
 * Makes one attempt at the agent. Every outcome becomes the state of the run.
 *
 * @throws StoreUnavailableError; the reason of the signal
 */
export function attemptRun(given: RunContext, run: Run, how: Attempt): Promise<void> {
  const { during, live, store } = given;
  const update: typeof store.update = (id, change) => patiently(() => store.update(id, change));
  const context = { ...given, store: { ...store, update } };
  const attempt = async () => {
    const stopped = (removed: AbortSignal) => AbortSignal.any([removed, how.signal]);
    await live.work(run.id, (removed) => attemptNow(context, run, stopped(removed), how));
    how.signal.throwIfAborted();
  };
  const work = during === undefined ? attempt : () => during(run, attempt);
  // After a restart of the backend, the trace store finds a run by both.
  const attributes = { [ATTRIBUTE.runId]: run.id, [ATTRIBUTE.userSub]: run.userId };
  return withSpan(SPAN.run, work, { attributes, isFailure: () => !how.signal.aborted });
}

/** Resumes a run whose process has ended. Its task only reads, so it is safe to send again. */
export async function takeUpRun(context: RunContext, run: Run, signal: AbortSignal): Promise<void> {
  const { id, waiting, isRepeated } = run;
  if (waiting === undefined) {
    if (isRepeated) return endUnknown(context, run);
    await changeRun(context, id, (at) => ({ ...at, isRepeated: true }));
  }
  context.logger.info({ runId: id }, waiting ? "↻ A waiting run is resumed" : "↻ A run is begun again");
  const how = { consented: run.consent !== undefined, signal, ...(waiting && { waiting }) };
  await attemptRun(context, run, how);
}

/** Fails a run whose processes have ended too often. */
export const endUnknown = (context: RunContext, run: Run): Promise<void> =>
  endFailed(context, run, { ...OUTCOME_UNKNOWN, advice: "Start the optimization again." });

async function attemptNow(context: RunContext, run: Run, stopped: AbortSignal, how: Attempt): Promise<void> {
  if ((await noteCurrentPlace(context, run)) === undefined) return;
  const { consented = false, waiting, onAccepted } = how;
  const { observe, consentRequests, calls, timeoutSeconds, sharesTokens } = context;
  const { id, userId, returnState: state, shownPrompt: justification } = run;
  const call = observe({ id, note: (step, event) => noteRunStep(context, run, step, event) });
  const person = personOf(context, run, how);
  const request = watchConsentRequest(consentRequests, run, continuesAtPage(calls));
  const userCall: UserCall = {
    id,
    userId,
    state,
    justification,
    timeoutSeconds,
    signal: stopped,
    waiting,
    // The backend knows nothing beyond its user's own words.
    clarification: `The user started it with these words: ${justification}`,
    observer(event) {
      request.observer(event);
      call.observer(event);
      person.observer(event);
    },
    onPage: person.onPage,
    onWaiting: person.onWaiting,
    context: { state, cacheKey: cacheKeyOf(run, sharesTokens) },
  };
  const noted = () => call.noted().then(person.noted);
  try {
    const report = await ask(context, run, userCall, onAccepted);
    await request.end();
    await noted();
    await endWith(context, run, report);
  } catch (error) {
    await request.end(error);
    await noted();
    if (stopped.aborted) return;
    const storeError = storeErrorOf(error);
    if (storeError !== undefined) throw storeError;
    // Consent is asked for once. A second demand would send the user in circles.
    const ended = consented ? undefined : endedAtPage(error); // hole B7: endedAtPage(error)
    if (ended === undefined)
      await failRunWith(context, run, error, { peer: call.peer(), page: person.page() });
    else
      await waitForReturn(context, run, ended).catch((cause: unknown) => {
        const away = storeErrorOf(cause);
        if (away !== undefined) throw away; // hole V25a
        return failRunWith(context, run, cause, { peer: "backend" });
      });
  }
}

async function ask(
  context: RunContext,
  run: Run,
  call: UserCall,
  onAccepted: Attempt["onAccepted"],
): Promise<AgentAnswer> {
  const { fetch, end } = beginCall(context.calls, call);
  const asking = async () => {
    await noteCurrentPlace(context, run);
    return context.supplyChainAgent.ask(run.prompt, { fetch, ...(onAccepted && { onAccepted }) });
  };
  // A request for consent is not a failure.
  const isFailure = (error: unknown) => endedAtPage(error) === undefined;
  return withSpan(SPAN.callAgent, asking, { isFailure }).finally(end);
}

function noteCurrentPlace(context: RunContext, run: Run): Promise<Run | undefined> {
  const place = currentPlace();
  return changeRun(context, run.id, (at) => notePlace(at, place));
}

/** Puts the run in the waiting state while its call waits for a person. */
function personOf(context: RunContext, run: Run, { waiting, onAccepted }: Attempt) {
  const { calls, places, store, now } = context;
  const notes = createWriteQueue();
  let page = waiting?.interaction && new URL(waiting.interaction.url).origin;
  let demand: Demand | undefined;
  const note = (how: (run: Run) => Run) => notes.add(() => changeRun(context, run.id, how));
  return {
    noted: notes.done,
    /** Identifier of the party at whose page the call last waited. */
    page: () => page,
    observer(event: AAuthEvent) {
      if (continuesAtPage(calls) && hasAnswer(event)) note((at) => noteAnswered(continueRun(at, now())));
    },
    onWaiting(waiting: WaitingCall) {
      notes.add(async () => {
        const at = await store.update(run.id, (at) => (isFinal(at) ? at : noteWaiting(at, waiting)));
        const asked = waiting.requirement === "interaction" ? demand : undefined;
        if (at !== undefined && asked !== undefined && awaitAgain(at, asked, now()) !== at)
          await changeRun(context, run.id, (latest) => awaitAgain(latest, asked, now()));
      });
    },
    async onPage(url: string, party: string) {
      page = party;
      const hop = places.hops?.get(party) ?? "person-server";
      const asked = { url, party, hop, expiresAt: now() + PAGE_SECONDS };
      demand = asked;
      note((at) => awaitConsent(continueRun(at, now()), asked, now()));
      await notes.done();
      onAccepted?.();
    },
  };
}

/**
 * Handles a call that ended with a page. It is repeated when the browser returns with the run's
 * state.
 */
async function waitForReturn(context: RunContext, run: Run, ended: EndedAtPage): Promise<void> {
  const { returns, now } = context;
  const { authServer, keyThumbprint, consentUrl: url } = ended;
  const lifetimeSeconds = Math.min(ended.expiresInSeconds, PAGE_SECONDS);
  const { id, userId } = run;
  await returns.put(run.returnState, { id, userId }, lifetimeSeconds);
  const code = { authServer, ...(keyThumbprint !== undefined && { keyThumbprint }) };
  const demand = { url, expiresAt: now() + lifetimeSeconds, code };
  await changeRun(context, id, (at) => awaitConsent(at, demand, now()));
}

/** Handles the agent's answer. A run whose second hop failed does not count as completed. */
async function endWith(context: RunContext, run: Run, report: AgentAnswer): Promise<void> {
  const failure = secondHopFailure(report); // hole S3
  if (failure !== undefined) return endFailed(context, run, failure, report);
  const { now, logger } = context;
  const ended = await changeRun(context, run.id, (at) => complete(continueRun(at, now()), report, now()));
  if (ended !== undefined) logger.info({ runId: run.id }, "✅ Optimization completed");
}

import { currentPlace } from "agent-kit/service";
import type { ConnectionTest, Failure, StartOptions, StartReply } from "backend-api";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import type { Peer } from "../failures/situation.ts";
import { within } from "../within.ts";
import { promptFor, shownPrompt } from "./prompt.ts";
import {
  type Consent,
  clearFeed,
  createRun,
  demandOf,
  fail,
  feedOf,
  goOn,
  notePlace,
  noteRevocation,
  type Run,
  resume,
  type Step,
} from "./run.ts";
import { attemptRun } from "./run-attempt.ts";
import { changeRun, failRunWith, inTraceOf, noteRunStep, type RunContext } from "./run-context.ts";
import type { WaitingRun } from "./waiting-runs.ts";

/** A response that follows its headers at once is reported as completed, as the demo's synchronous start does. */
const COMPLETION_GRACE_MS = 250;

/** Owns the life of runs: starts them, lets them wait for consent, resumes and ends them. */
export interface RunService {
  /**
   * Starts a run and answers once the authorization outcome is known: let in, consent required, or failed.
   *
   * @throws BackendError `too_many` while too many runs of the user are unfinished; StoreFullError
   */
  start(userId: string, options: StartOptions): Promise<StartReply>;
  /** The user's run. @throws BackendError `not_found`, also for another user's run */
  get(userId: string, id: string): Promise<Run>;
  find(userId: string, id: string): Promise<Run | undefined>;
  /** Newest first. */
  list(userId: string): Promise<Run[]>;
  clear(userId: string): Promise<number>;
  /** Clears the user's activity feed and returns how many activities were in it. */
  clearFeed(userId: string): Promise<number>;
  /** Adds a protocol step to the run's feed. */
  note(run: Run, step: Step): Promise<void>;
  /** Run that waits for the browser that brings this state, which is spent by that. */
  takeReturn(state: string): Promise<Run | undefined>;
  /** Continues a run that waited, in the background. False when it does not wait any more. */
  resume(run: Run, consent: Consent): Promise<boolean>;
  /** Resumes runs that waited in another process, in the background. One ends as `failed` where that is not possible. */
  restoreAll(restored: readonly WaitingRun[]): Promise<void>;
  fail(run: Run, failure: Failure): Promise<void>;
  /**
   * A browser is back from the page that a run waits at. The run stops showing the page, whose code is used; its answer is still polled for.
   * False, and nothing changes, for a state that is not that of the run: its id is no secret.
   */
  cameBack(id: string, state: string): Promise<boolean>;
  /** Ends a run because of an error and returns the explanation. `peer` is the party that the backend was talking to. */
  failWith(run: Run, error: unknown, peer: Peer): Promise<Failure>;
  /** The user has revoked all consents. */
  noteRevocation(userId: string): Promise<void>;
  testConnection(userId: string): Promise<ConnectionTest>;
}

export function createRunService(context: RunContext): RunService {
  const { store, returns, calls, now } = context;
  return {
    find: store.get,
    list: store.list,
    clear: store.clear,
    start: (userId, options) => startRun(context, userId, options),
    restoreAll: (restored) => restoreRuns(context, restored),
    note: (run, step) => noteRunStep(context, run, step),
    failWith: (run, error, peer) => failRunWith(context, run, error, { peer }),
    testConnection: (userId) => testConnection(context, userId),

    async get(userId, id) {
      const run = await store.get(userId, id);
      if (run === undefined) throw new BackendError("not_found", "No such optimization");
      return run;
    },

    async clearFeed(userId) {
      const runs = await store.list(userId);
      for (const { id } of runs) await store.update(id, clearFeed);
      return runs.reduce((sum, run) => sum + feedOf(run).length, 0);
    },

    async takeReturn(state) {
      const owned = returns.take(state);
      const run = owned && (await store.get(owned.userId, owned.id));
      return run?.status === "awaiting_consent" ? run : undefined;
    },

    async resume({ id }, consent) {
      let waits = false;
      const run = await changeRun(context, id, (at) => {
        waits = at.status === "awaiting_consent";
        return waits ? resume(at, consent, now()) : at;
      });
      if (run === undefined || !waits) return false;
      void inTraceOf(run, () => attemptRun(context, run, { consented: true }));
      return true;
    },

    async fail({ id }, failure) {
      await changeRun(context, id, (at) => fail(at, failure, now()));
    },

    async cameBack(id, state) {
      let isBack = false;
      await changeRun(context, id, (at) => {
        isBack = calls.browserUrl !== undefined && at.returnState === state;
        return isBack ? goOn(at, now()) : at;
      });
      return isBack;
    },

    async noteRevocation(userId) {
      for (const { id } of await store.list(userId))
        await changeRun(context, id, (at) => noteRevocation(at, now()));
    },
  };
}

async function startRun(context: RunContext, userId: string, options: StartOptions): Promise<StartReply> {
  const { store, startReplySeconds, now } = context;
  const prompts = { prompt: promptFor(options), shownPrompt: shownPrompt(options) };
  const run = notePlace(createRun({ userId, ...prompts }, now()), currentPlace());
  await store.add(run);
  const accepted = Promise.withResolvers<void>();
  const ended = attemptRun(context, run, { onAccepted: accepted.resolve });
  await within(startReplySeconds * 1000, [accepted.promise, ended]);
  await within(COMPLETION_GRACE_MS, [ended]);
  return replyFor((await store.get(userId, run.id)) ?? run);
}

async function restoreRuns(context: RunContext, restored: readonly WaitingRun[]): Promise<void> {
  const { store, waitingRuns, logger } = context;
  for (const { run, waiting } of restored) {
    try {
      await store.add(run);
      logger.info({ runId: run.id }, "↻ A run that waited goes on");
      void inTraceOf(run, () => attemptRun(context, run, { waiting }));
    } catch (error) {
      logger.error({ err: error, runId: run.id }, "a run that waited could not be gone on with");
      waitingRuns?.drop(run.id);
    }
  }
}

async function testConnection(context: RunContext, userId: string): Promise<ConnectionTest> {
  const { observe, calls, supplyChainAgent, places, timeoutSeconds } = context;
  const { agentUrl: agent_url } = places;
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const call = observe();
  try {
    const agent = calls.agentOf(userId);
    const card = await supplyChainAgent.card(
      agent.fetchFor({ signal, observer: call.observer, waiting: "throw" }),
    );
    return {
      status: "connected",
      agent_url,
      ...(card.name !== undefined && { agent_name: card.name }),
      ...(card.protocolVersion !== undefined && { protocol_version: card.protocolVersion }),
    };
  } catch (error) {
    const failure = explainFailure(error, { peer: call.peer(), places, timeoutSeconds });
    return { status: "failed", agent_url, failure };
  }
}

function replyFor(run: Run): StartReply {
  const { id: request_id, status, demand, failure } = run;
  if (demand !== undefined) return { consent_required: true, ...demandOf(demand), request_id };
  if (status === "failed")
    return { request_id, status, message: `Optimization failed: ${failure!.message}`, failure: failure! };
  return status === "completed"
    ? { request_id, status, message: "Optimization completed" }
    : { request_id, status: "running", message: "Optimization running" };
}

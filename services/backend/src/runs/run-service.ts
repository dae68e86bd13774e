import { currentPlace } from "agent-kit/service";
import type { ConnectionTest, Failure, StartOptions, StartReply } from "backend-api";
import { continuesAtPage } from "../calls/user-call.ts";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import type { Peer } from "../failures/situation.ts";
import { WITHOUT_JOB_SECONDS } from "../store/user-records.ts";
import { waitAtMost } from "../wait-at-most.ts";
import { promptFor, shownPrompt } from "./prompt.ts";
import {
  type Consent,
  clearFeed,
  continueRun,
  createRun,
  demandOf,
  fail,
  feedOf,
  isFinal,
  notePlace,
  noteReturn,
  noteRevocation,
  type Run,
  resume,
  type Step,
} from "./run.ts";
import { attemptRun, endUnknown, takeUpRun } from "./run-attempt.ts";
import { changeRun, failRunWith, inTraceOf, noteRunStep, type RunContext } from "./run-context.ts";

/**
 * A response that immediately follows its headers is reported as completed, as in the published
 * demo's synchronous start.
 */
const COMPLETION_GRACE_MS = 250;
const QUEUE = "runs";

/** Starts, suspends for consent, resumes and ends runs. Each attempt is a job. */
export class RunService {
  readonly #context: RunContext;
  /** Callbacks by run id for runs started here, called when the agent accepts the run. */
  readonly #accepted = new Map<string, () => void>();

  constructor(context: RunContext) {
    this.#context = context;
    context.jobs.handle(QUEUE, {
      run: (job, signal, { isTakenOver }) => this.#attempt(job, signal, isTakenOver),
      abandon: (job) => this.#abandon(job),
    });
  }

  /**
   * Starts a run and answers once the authorization outcome is known: accepted, consent required,
   * or failed.
   *
   * @throws BackendError `too_many` while too many runs of the user are unfinished; StoreFullError
   */
  async start(userId: string, options: StartOptions): Promise<StartReply> {
    const { store, live, jobs, startReplySeconds, now } = this.#context;
    const prompts = { prompt: promptFor(options), shownPrompt: shownPrompt(options) };
    const run = notePlace(createRun({ userId, ...prompts }, now()), currentPlace());
    const { id } = run;
    const [accepted, known] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const unwatch = live.watch(id, (at) => {
      if (at?.status !== "running") known.resolve();
    });
    this.#accepted.set(id, accepted.resolve);
    try {
      await store.add(run);
      await jobs.add(QUEUE, id);
      await waitAtMost(startReplySeconds * 1000, [accepted.promise, known.promise]);
      await waitAtMost(COMPLETION_GRACE_MS, [known.promise]);
    } finally {
      unwatch();
      this.#accepted.delete(id);
    }
    return replyFor((await store.get(userId, id)) ?? run);
  }

  /** Returns the user's run. @throws BackendError `not_found`, also for another user's run */
  async get(userId: string, id: string): Promise<Run> {
    const run = await this.find(userId, id);
    if (run === undefined) throw new BackendError("not_found", "No such optimization");
    return run;
  }

  async find(userId: string, id: string): Promise<Run | undefined> {
    const run = await this.#context.store.get(userId, id);
    if (run !== undefined) await this.#ensureJob(run);
    return run;
  }

  /** Newest first. */
  async list(userId: string): Promise<Run[]> {
    const runs = await this.#context.store.list(userId);
    await Promise.all(runs.map((run) => this.#ensureJob(run)));
    return runs;
  }

  clear(userId: string): Promise<number> {
    return this.#context.store.clear(userId);
  }

  /** Clears the user's activity feed and returns the number of its activities. */
  async clearFeed(userId: string): Promise<number> {
    const runs = await this.list(userId);
    for (const { id } of runs) await this.#context.store.update(id, clearFeed);
    return runs.reduce((sum, run) => sum + feedOf(run).length, 0);
  }

  /** Adds a protocol step to the run's feed. */
  note(run: Run, step: Step): Promise<void> {
    return noteRunStep(this.#context, run, step);
  }

  /** Returns the run that waits for the browser with this state. A state works once. */
  async takeReturn(state: string): Promise<Run | undefined> {
    const owned = await this.#context.returns.take(state);
    const run = owned && (await this.#change(owned.id, noteReturn));
    return run?.status === "awaiting_consent" ? run : undefined;
  }

  /** Resumes a waiting run in the background. False if it no longer waits. */
  async resume({ id }: Run, consent: Consent): Promise<boolean> {
    let waits = false;
    const run = await this.#change(id, (at, now) => {
      waits = at.status === "awaiting_consent";
      return waits ? resume(at, consent, now) : at;
    });
    if (run === undefined || !waits) return false;
    // A run waits for its browser only once, and the previous job may not have ended yet.
    await this.#context.jobs.add(QUEUE, `${id}/2`);
    return true;
  }

  async fail({ id }: Run, failure: Failure): Promise<void> {
    await this.#change(id, (at, now) => fail(at, failure, now));
  }

  /**
   * Handles a browser's return from the page that a run waits at. The run stops showing the page
   * and continues to poll, which shows the page again if the request still waits. Returns false and
   * changes nothing if the state is not the run's, because the run's id is not a secret.
   */
  async cameBack(id: string, state: string): Promise<boolean> {
    let isBack = false;
    await this.#change(id, (at, now) => {
      isBack = continuesAtPage(this.#context.calls) && at.returnState === state;
      return isBack ? continueRun(at, now) : at;
    });
    return isBack;
  }

  /**
   * Fails a run because of an error and returns the explanation. `peer` is the party that was
   * called.
   */
  failWith(run: Run, error: unknown, peer: Peer): Promise<Failure> {
    return failRunWith(this.#context, run, error, { peer });
  }

  /** Handles the revocation of all consents by the user. */
  async noteRevocation(userId: string): Promise<void> {
    for (const { id } of await this.list(userId)) await this.#change(id, noteRevocation);
  }

  async testConnection(userId: string): Promise<ConnectionTest> {
    const { observe, calls, supplyChainAgent, places, timeoutSeconds, logger } = this.#context;
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
      if (failure.check === "internal") logger.error({ err: error }, "connection test failed unexpectedly");
      return { status: "failed", agent_url, failure };
    }
  }

  async #attempt(job: string, signal: AbortSignal, isTakenOver: boolean): Promise<void> {
    const run = await this.#ofJob(job);
    // A run with a code waits for the browser's return.
    if (run === undefined || isFinal(run) || run.demand?.code !== undefined) return;
    const consented = run.consent !== undefined;
    const onAccepted = this.#accepted.get(run.id);
    await inTraceOf(run, () =>
      isTakenOver
        ? takeUpRun(this.#context, run, signal)
        : attemptRun(this.#context, run, { consented, onAccepted, signal }),
    );
  }

  async #abandon(job: string): Promise<void> {
    const run = await this.#ofJob(job);
    if (run !== undefined && !isFinal(run)) await endUnknown(this.#context, run);
  }

  /** Adds the job of a run that has none because its process ended between the two writes. */
  async #ensureJob({ id, status, changedAt, activities }: Run): Promise<void> {
    if (status !== "running" || this.#context.now() - changedAt < WITHOUT_JOB_SECONDS) return;
    const isResumed = activities.some(({ action }) => action === "consent_received");
    await this.#context.jobs.add(QUEUE, isResumed ? `${id}/2` : id);
  }

  #ofJob(job: string): Promise<Run | undefined> {
    return this.#context.store.find(job.split("/", 1)[0]!);
  }

  #change(id: string, how: (run: Run, now: number) => Run): Promise<Run | undefined> {
    return changeRun(this.#context, id, (run) => how(run, this.#context.now()));
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

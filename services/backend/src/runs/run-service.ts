import { randomBytes } from "node:crypto";
import { ConsentRequiredError, type WaitingCall } from "aauth";
import type { Agent, AgentEvent, InteractionRequest } from "aauth/agent";
import type { AgentAnswer, AskOptions, readAgentCard } from "agent-kit/a2a";
import { createPatience, goesOn } from "agent-kit/draft-11";
import { currentPlace, inTrace, markFailed, withSpan } from "agent-kit/service";
import type { ConnectionTest, Failure, StartOptions, StartReply } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import type { Evidence } from "../break-it/evidence.ts";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import type { Peer, Places } from "../failures/situation.ts";
import type { OwnedStore } from "../store/owned-store.ts";
import { within } from "../within.ts";
import type { CallObserver } from "./call-observer.ts";
import type { ConsentGrant } from "./consent-grants.ts";
import { type ConsentRequests, watchConsentRequest } from "./consent-requests.ts";
import type { PendingConsents } from "./consent-service.ts";
import type { LiveRuns } from "./live-runs.ts";
import { promptFor, shownPrompt } from "./prompt.ts";
import { secondHopFailure } from "./results.ts";
import {
  applyConsent,
  awaitConsent,
  type Consent,
  clearFeed,
  complete,
  createRun,
  demandOf,
  fail,
  feedOf,
  goOn,
  isFinal,
  notePlace,
  noteRevocation,
  noteStep,
  type Run,
  resume,
  type Step,
} from "./run.ts";
import type { WaitingRun, WaitingRuns } from "./waiting-runs.ts";

/** How long a `state` waits for the browser to come back (profile 6.1: a request token lives as long). */
const CONSENT_LIFETIME_SECONDS = 600;
/** A response that follows its headers at once is reported as completed, as the demo's synchronous start does. */
const COMPLETION_GRACE_MS = 250;

/** The supply-chain agent by A2A. The fetch of each call signs, answers challenges and carries the call's context. */
export interface SupplyChainAgent {
  /** Throws as `askAgent` does. */
  ask(text: string, call: Pick<AskOptions, "fetch" | "onAccepted">): Promise<AgentAnswer>;
  /** Throws as `readAgentCard` does. */
  card(signedFetch: typeof fetch): ReturnType<typeof readAgentCard>;
}

/** The pages of other parties, which a run's user is sent to. */
export interface Interactions {
  /** What a browser opens for a page of a party. */
  browserUrl(page: string): string;
  /** Where the browser comes back to, for a run. */
  returnUrl(run: Pick<Run, "id" | "returnState">): string;
}

export interface RunServiceDeps {
  readonly store: OwnedStore<Run>;
  readonly live: LiveRuns;
  readonly pendingConsents?: Pick<PendingConsents, "put"> | undefined;
  readonly consentRequests: ConsentRequests;
  /** The agent that acts for a user. */
  readonly agentOf: (userId: string) => Agent;
  /** Where persons act while a call waits for them, in profiles that have that. Default: a call ends with a demand for consent. */
  readonly interactions?: Interactions | undefined;
  /** Where runs that wait are kept beyond the process. Default: nowhere. */
  readonly waitingRuns?: WaitingRuns | undefined;
  readonly supplyChainAgent: SupplyChainAgent;
  /** Turns protocol events into activities and log lines. */
  readonly observe: CallObserver;
  /** Whether a user's later run may use the auth token of an earlier one. */
  readonly sharesTokens: boolean;
  /** What the user has consented to in an earlier run and not revoked. */
  readonly standingConsent: (
    userId: string,
  ) => Promise<Pick<ConsentGrant, "consent" | "grantedAt"> | undefined>;
  readonly places: Places;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
  /** Around every attempt of a run, to record what it sends. */
  readonly during?: Evidence["during"];
  /** Longest wait for one attempt of a run, token requests included. */
  readonly timeoutSeconds: number;
  /** Longest wait before a start answers `running` although the agent has not let the run in yet. */
  readonly startReplySeconds: number;
}

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

interface Attempt {
  /** The user has been asked for this run already. */
  readonly consented?: boolean;
  /** The attempt was begun in another process. */
  readonly waiting?: WaitingCall;
  readonly onAccepted?: () => void;
}

/** Does some work in the trace that the run began in, also when a browser brings the user's consent. */
export function inTraceOf<T>(run: Run, work: () => T): T {
  return inTrace(run.places[0], work);
}

/** The name under which the agent keeps the tokens of a run. Calls with one name share tokens, those of two users never do. */
export function cacheKeyOf(run: Run, sharesTokens: boolean): string {
  return sharesTokens ? run.userId : run.id;
}

export function createRunService(deps: RunServiceDeps): RunService {
  const {
    store,
    live,
    agentOf,
    interactions,
    waitingRuns,
    supplyChainAgent,
    observe,
    places,
    logger,
    now,
    timeoutSeconds,
  } = deps;

  async function change(id: string, how: (run: Run) => Run): Promise<Run | undefined> {
    const run = await store.update(id, how);
    if (run !== undefined) live.announce(run);
    return run;
  }

  /** One attempt at the agent. Never rejects: every outcome becomes the state of the run. */
  function attempt(run: Run, how: Attempt = {}): Promise<void> {
    const { during } = deps;
    const attempt = () => live.work(run.id, (removed) => attemptNow(run, removed, how));
    const work = during === undefined ? attempt : () => during(run, attempt);
    // The trace store finds a run by both, after a restart of the backend.
    const attributes = { [ATTRIBUTE.runId]: run.id, [ATTRIBUTE.userSub]: run.userId };
    return withSpan(SPAN.run, work, { attributes }).catch((error: unknown) =>
      logger.error({ err: error, runId: run.id }, "the state of a run could not be kept"),
    );
  }

  async function attemptNow(run: Run, removed: AbortSignal, how: Attempt): Promise<void> {
    const { consented = false, waiting, onAccepted } = how;
    const place = currentPlace();
    if ((await change(run.id, (at) => notePlace(at, place))) === undefined) return;
    const state = randomBytes(32).toString("base64url");
    const patience = createPatience(timeoutSeconds * 1000);
    const signal = AbortSignal.any([removed, patience.signal]);
    const call = observe({ id: run.id, note: (step, event) => noteEvent(run, step, event) });
    const persons = interactions && interaction(run, interactions, how);
    const request = watchConsentRequest(deps.consentRequests, run.userId, state);
    try {
      const agent = agentOf(run.userId);
      const control = {
        signal,
        observer: (event: AgentEvent) => {
          request.observer(event);
          call.observer(event);
          patience.observer(event);
          persons?.observer(event);
        },
        ...persons?.control,
      };
      const fetch =
        waiting === undefined
          ? agent.fetchFor({
              ...control,
              ...persons?.context,
              state,
              cacheKey: cacheKeyOf(run, deps.sharesTokens),
            })
          : () => agent.resume(waiting, control);
      const ask = async () => {
        const place = currentPlace();
        await change(run.id, (at) => notePlace(at, place));
        return supplyChainAgent.ask(run.prompt, { fetch, ...(onAccepted && { onAccepted }) });
      };
      const report = await withSpan(SPAN.callAgent, ask, {
        // A demand for consent is a step on the way.
        isFailure: (error) => !(error instanceof ConsentRequiredError),
      });
      request.end();
      await call.noted();
      await persons?.noted();
      await end(run, report);
    } catch (error) {
      request.end(error);
      await call.noted();
      await persons?.noted();
      if (removed.aborted) return;
      // Consent is asked for once. A second demand would send the user round in circles.
      if (!(error instanceof ConsentRequiredError) || consented)
        await failWith(run, error, call.peer(), persons?.page());
      else await wait(run, state, error).catch((cause: unknown) => failWith(run, cause, "backend"));
    } finally {
      patience.end();
      waitingRuns?.drop(run.id);
    }
  }

  /** While a call waits for a person the run does, too: what the call is made with, and what watches it. */
  function interaction(run: Run, { browserUrl, returnUrl }: Interactions, { waiting, onAccepted }: Attempt) {
    let noted: Promise<unknown> = Promise.resolve();
    let page = waiting?.interaction && new URL(waiting.interaction.url).origin;
    const note = (how: (run: Run) => Run) => {
      noted = noted.then(() => change(run.id, how));
    };
    return {
      noted: () => noted,
      page: () => page,
      observer(event: AgentEvent) {
        if (goesOn(event)) note((at) => goOn(at, now()));
      },
      context: {
        loginHint: run.userId,
        justification: run.shownPrompt,
        returnUrl: returnUrl(run),
      },
      control: {
        onWaiting(waiting: WaitingCall) {
          noted = noted.then(async () => {
            const current = await store.get(run.userId, run.id);
            if (current !== undefined && !isFinal(current)) waitingRuns?.keep(current, waiting);
          });
        },
        // A person's question on the page. The backend knows no more than its user's own words.
        onClarification: async () => ({
          action: "respond" as const,
          response: `The user started it with these words: ${run.shownPrompt}`,
        }),
        async onInteraction({ page: address, party }: InteractionRequest) {
          page = party;
          const hop = places.hops?.get(party) ?? "person-server";
          const demand = {
            ...{ url: browserUrl(address), party, hop },
            expiresAt: now() + CONSENT_LIFETIME_SECONDS,
          };
          note((at) => awaitConsent(goOn(at, now()), demand, now()));
          await noted;
          onAccepted?.();
        },
      },
    };
  }

  async function noteEvent(run: Run, step: Step, event: AgentEvent): Promise<void> {
    await note(run, step);
    const isRenewed = event.type === "token_received" && event.requestType === "refresh";
    if (event.type !== "token_cache_hit" && !isRenewed) return;
    const standing = await deps.standingConsent(run.userId);
    const expiresAt = isRenewed ? Number(event.token.claims.exp) : undefined;
    await change(run.id, (at) => applyConsent(at, standing, now(), expiresAt));
  }

  async function note(run: Run, step: Step): Promise<void> {
    await change(run.id, (at) => noteStep(at, step, now()));
  }

  async function wait(run: Run, state: string, demand: ConsentRequiredError): Promise<void> {
    const lifetimeSeconds = Math.min(demand.expiresInSeconds, CONSENT_LIFETIME_SECONDS);
    const { id: runId, userId } = run;
    const { authServer, keyThumbprint, consentUrl: url } = demand;
    const pending = { runId, userId, authServer, ...(keyThumbprint !== undefined && { keyThumbprint }) };
    deps.pendingConsents?.put(userId, state, pending, lifetimeSeconds);
    const expiresAt = now() + lifetimeSeconds;
    await change(runId, (at) => awaitConsent(at, { url, expiresAt }, now()));
  }

  /** The agent answered. A run whose second hop failed is not a completed one. */
  async function end(run: Run, report: AgentAnswer): Promise<void> {
    const failure = secondHopFailure(report); // hole S3
    if (failure !== undefined) return endFailed(run, failure, report);
    const ended = await change(run.id, (at) => complete(goOn(at, now()), report, now()));
    if (ended !== undefined) logger.info({ runId: run.id }, "✅ Optimization completed");
  }

  async function failWith(run: Run, error: unknown, peer: Peer, page?: string): Promise<Failure> {
    const failure = explainFailure(error, { peer, page, places, timeoutSeconds });
    // The foreign error stays in the log: its text is not ours to show.
    if (failure.check === "internal") logger.error({ err: error, runId: run.id }, "run failed unexpectedly");
    await endFailed(run, failure);
    return failure;
  }

  async function endFailed(run: Run, failure: Failure, report?: AgentAnswer): Promise<void> {
    const { hop, check, code, message } = failure;
    if (check !== "internal") logger.warn({ runId: run.id, hop, check, code }, `❌ ${message}`);
    markFailed(failure);
    await change(run.id, (at) => fail(at, failure, now(), report));
  }

  return {
    failWith,
    note,
    find: store.get,
    list: store.list,
    clear: store.clear,

    async start(userId, options) {
      const created = createRun(
        { userId, prompt: promptFor(options), shownPrompt: shownPrompt(options) },
        now(),
      );
      const run = notePlace(created, currentPlace());
      await store.add(run);
      const accepted = Promise.withResolvers<void>();
      const ended = attempt(run, { onAccepted: accepted.resolve });
      await within(deps.startReplySeconds * 1000, [accepted.promise, ended]);
      await within(COMPLETION_GRACE_MS, [ended]);
      return replyFor((await store.get(userId, run.id)) ?? run);
    },

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

    async resume({ id }, consent) {
      let waits = false;
      const run = await change(id, (at) => {
        waits = at.status === "awaiting_consent";
        return waits ? resume(at, consent, now()) : at;
      });
      if (run === undefined || !waits) return false;
      void inTraceOf(run, () => attempt(run, { consented: true }));
      return true;
    },

    async restoreAll(restored) {
      for (const { run, waiting } of restored) {
        try {
          await store.add(run);
          logger.info({ runId: run.id }, "↻ A run that waited goes on");
          void inTraceOf(run, () => attempt(run, { waiting }));
        } catch (error) {
          logger.error({ err: error, runId: run.id }, "a run that waited could not be gone on with");
          waitingRuns?.drop(run.id);
        }
      }
    },

    async fail({ id }, failure) {
      await change(id, (at) => fail(at, failure, now()));
    },

    async cameBack(id, state) {
      let isBack = false;
      await change(id, (at) => {
        isBack = interactions !== undefined && at.returnState === state;
        return isBack ? goOn(at, now()) : at;
      });
      return isBack;
    },

    async noteRevocation(userId) {
      for (const { id } of await store.list(userId)) await change(id, (at) => noteRevocation(at, now()));
    },

    async testConnection(userId) {
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      const call = observe();
      try {
        const card = await supplyChainAgent.card(
          agentOf(userId).fetchFor({ signal, observer: call.observer, waiting: "throw" }),
        );
        return {
          status: "connected",
          agent_url: places.agentUrl,
          ...(card.name !== undefined && { agent_name: card.name }),
          ...(card.protocolVersion !== undefined && { protocol_version: card.protocolVersion }),
        };
      } catch (error) {
        const failure = explainFailure(error, { peer: call.peer(), places, timeoutSeconds });
        return { status: "failed", agent_url: places.agentUrl, failure };
      }
    },
  };
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

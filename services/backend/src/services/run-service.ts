import { randomBytes } from "node:crypto";
import { ConsentRequiredError, type QuotaStore, StoreFullError } from "aauth";
import type { Agent, AgentEvent } from "aauth/agent";
import { currentPlace, keepTrace, markFailed, withSpan } from "agent-kit/service";
import type { ConnectionTest, Failure, StartOptions, StartReply } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import type { Evidence } from "../break-it/evidence.ts";
import type { SupplyChainClient } from "../clients/supply-chain-client.ts";
import { CONSENT_EXPIRED, explainFailure } from "../failures/explain-failure.ts";
import type { Peer, Places } from "../failures/situation.ts";
import { HttpError } from "../plugins/errors.ts";
import { type Consent, Run } from "../runs/run.ts";
import type { RunStore } from "../runs/run-store.ts";
import type { CallObserver } from "./call-observer.ts";
import type { ConsentGrant } from "./consent-grants.ts";
import type { PendingConsent } from "./consent-service.ts";
import { promptFor, shownPrompt } from "./prompt.ts";
import { type ConsentRequests, MAX_REQUESTS_PER_USER, watchConsentRequest } from "./watch-consent-request.ts";

/** How long a `state` waits for the browser to come back (profile 6.1: a request token lives as long). */
const CONSENT_LIFETIME_SECONDS = 600;
/** An answer that follows its headers at once is reported as completed, as the demo's synchronous start does. */
const COMPLETION_GRACE_MS = 250;

export interface RunServiceDeps {
  readonly store: RunStore;
  readonly pendingConsents: Pick<QuotaStore<PendingConsent>, "put">;
  readonly consentRequests: ConsentRequests;
  readonly agent: Agent;
  readonly client: SupplyChainClient;
  /** Turns protocol events into activities and log lines. */
  readonly observe: CallObserver;
  /** Whether a user's later run may use the auth token of an earlier one. */
  readonly sharesTokens: boolean;
  /** What the user has consented to in an earlier run and not taken back. */
  readonly standingConsent: (userId: string) => Pick<ConsentGrant, "consent" | "grantedAt"> | undefined;
  readonly places: Places;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
  /** Around every attempt of a run: for who keeps what it sends. */
  readonly during?: Evidence["during"];
  /** Longest wait for one attempt of a run, token requests included. */
  readonly timeoutSeconds: number;
  /** Longest wait before a start answers `running` although nobody has let the run in yet. */
  readonly startReplySeconds: number;
}

/** Owns the life of runs: starts them, lets them wait for consent, resumes and ends them. */
export interface RunService {
  /**
   * Starts a run and answers once the authorization outcome is known: let in, consent required, or failed.
   *
   * @throws HttpError 429 while too many runs of the user are unfinished; StoreFullError
   */
  start(userId: string, options: StartOptions): Promise<StartReply>;
  /** The user's run. @throws HttpError 404, also for somebody else's run */
  get(userId: string, id: string): Run;
  find(userId: string, id: string): Run | undefined;
  /** Does some work as part of the trace that the run began in. */
  inTraceOf<T>(run: Run, work: () => T): T;
  /** Newest first. */
  list(userId: string): Run[];
  clear(userId: string): number;
  /** Goes on with a run that waited, in the background. */
  resume(run: Run, consent: Consent): void;
  /** Under which name the agent keeps what a run brings: the user's, where runs share tokens. */
  cacheKeyOf(run: Run): string;
  /** Ends a run because of an error and says how it was explained. `peer` is whom the backend was talking to. */
  failWith(run: Run, error: unknown, peer: Peer): Failure;
  testConnection(): Promise<ConnectionTest>;
}

interface Attempt {
  /** The user has been asked for this run already. */
  readonly consented?: boolean;
  readonly onAccepted?: () => void;
}

export function createRunService(deps: RunServiceDeps): RunService {
  const {
    store,
    pendingConsents,
    consentRequests,
    agent,
    client,
    observe,
    places,
    logger,
    now,
    timeoutSeconds,
  } = deps;

  /** A run goes on in the trace it began in, also when a browser brings the user's consent. */
  const traces = new WeakMap<Run, ReturnType<typeof keepTrace>>();

  /** One attempt at the agent. Never rejects: whatever happens becomes the state of the run. */
  function attempt(run: Run, how: Attempt = {}): Promise<void> {
    const { during } = deps;
    const attempt = () => attemptNow(run, how);
    const work = during === undefined ? attempt : () => during(run.id, attempt);
    // By both a run is found again whose backend has been started anew.
    const attributes = { [ATTRIBUTE.runId]: run.id, [ATTRIBUTE.userSub]: run.userId };
    return withSpan(SPAN.run, work, { attributes });
  }

  async function attemptNow(run: Run, { consented = false, onAccepted }: Attempt): Promise<void> {
    run.notePlace(currentPlace());
    const state = randomBytes(32).toString("base64url");
    const signal = AbortSignal.any([run.signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    const call = observe(run);
    const request = watchConsentRequest(consentRequests, run.userId, state);
    try {
      const fetch = agent.fetchFor({
        state,
        signal,
        observer: (event) => {
          request.observer(event);
          call.observer(event);
          showStandingConsent(run, event);
        },
        cacheKey: cacheKeyOf(run),
      });
      const ask = () => {
        run.notePlace(currentPlace());
        return client.ask(run.prompt, { fetch, ...(onAccepted && { onAccepted }) });
      };
      const report = await withSpan(SPAN.callAgent, ask, {
        // Being sent to the user first is a step on the way.
        isFailure: (error) => !(error instanceof ConsentRequiredError),
      });
      request.end();
      if (run.signal.aborted) return;
      run.complete(report.markdown, report.data);
      logger.info({ runId: run.id }, "✅ Optimization completed");
    } catch (error) {
      request.end(error);
      if (run.signal.aborted) return;
      // Consent is asked for once. A second demand would send the user round in circles.
      if (!(error instanceof ConsentRequiredError) || consented) failWith(run, error, call.peer());
      else await awaitConsent(run, state, error).catch((cause: unknown) => failWith(run, cause, "backend"));
    }
  }

  // Calls with one key share tokens, requests under way included: never those of two users.
  function cacheKeyOf(run: Run): string {
    return deps.sharesTokens ? run.userId : run.id;
  }

  /** A run that goes by a consent given earlier, or renewed just now, says so. */
  function showStandingConsent(run: Run, event: AgentEvent): void {
    if (event.type === "token_cache_hit") run.goByConsent(deps.standingConsent(run.userId));
    if (event.type !== "token_received" || event.requestType !== "refresh") return;
    run.goByConsent(deps.standingConsent(run.userId), Number(event.token.claims.exp));
  }

  async function awaitConsent(run: Run, state: string, demand: ConsentRequiredError): Promise<void> {
    const lifetimeSeconds = Math.min(demand.expiresInSeconds, CONSENT_LIFETIME_SECONDS);
    const { id: runId, userId } = run;
    const { authServer, keyThumbprint } = demand;
    const pending = { runId, userId, authServer, ...(keyThumbprint !== undefined && { keyThumbprint }) };
    pendingConsents.put(userId, state, pending, lifetimeSeconds);
    run.awaitConsent(demand.consentUrl, lifetimeSeconds);
  }

  function failWith(run: Run, error: unknown, peer: Peer): Failure {
    const failure = explainFailure(error, { peer, places, timeoutSeconds });
    // The foreign error stays in the log: its text is not ours to show.
    if (failure.check === "internal") logger.error({ err: error, runId: run.id }, "run failed unexpectedly");
    else
      logger.warn(
        { runId: run.id, hop: failure.hop, check: failure.check, code: failure.code },
        `❌ ${failure.message}`,
      );
    markFailed(failure);
    run.fail(failure);
    return failure;
  }

  function find(userId: string, id: string): Run | undefined {
    const run = store.get(userId, id);
    run?.expireConsent(CONSENT_EXPIRED);
    return run;
  }

  function inTraceOf<T>(run: Run, work: () => T): T {
    const inTrace = traces.get(run);
    return inTrace === undefined ? work() : inTrace(work);
  }

  function list(userId: string): Run[] {
    const runs = store.list(userId);
    for (const run of runs) run.expireConsent(CONSENT_EXPIRED);
    return runs;
  }

  return {
    find,
    list,
    cacheKeyOf,
    inTraceOf,
    failWith,

    async start(userId, options) {
      const unfinished = list(userId).filter((run) => !run.isFinal).length;
      if (unfinished >= MAX_REQUESTS_PER_USER || !consentRequests.hasRoom(userId)) {
        if (unfinished + consentRequests.list(userId).length === 0) throw new StoreFullError();
        throw new HttpError(
          429,
          "You have too many unfinished optimizations; wait for one to end. What waits for your consent counts for ten minutes, also when it is cleared or denied",
        );
      }
      const run = new Run({ userId, prompt: promptFor(options), shownPrompt: shownPrompt(options), now });
      traces.set(run, keepTrace());
      run.notePlace(currentPlace());
      store.add(run);
      run.begin();

      const accepted = Promise.withResolvers<void>();
      const ended = attempt(run, { onAccepted: accepted.resolve });
      await within(deps.startReplySeconds * 1000, [accepted.promise, ended]);
      await within(COMPLETION_GRACE_MS, [ended]);
      return replyFor(run);
    },

    get(userId, id) {
      const run = find(userId, id);
      if (!run) throw new HttpError(404, "No such optimization");
      return run;
    },

    clear: (userId) => store.clear(userId),

    resume(run, consent) {
      run.resume(consent);
      void inTraceOf(run, () => attempt(run, { consented: true }));
    },

    async testConnection() {
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      const call = observe();
      try {
        const card = await client.card({ fetch: agent.fetchFor({ signal, observer: call.observer }) });
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
  const { request_id, status, consent_url, failure } = run.progress();
  if (status === "awaiting_consent") return { consent_required: true, consent_url: consent_url!, request_id };
  if (status === "failed")
    return { request_id, status, message: `Optimization failed: ${failure!.message}`, failure: failure! };
  return status === "completed"
    ? { request_id, status, message: "Optimization completed" }
    : { request_id, status: "running", message: "Optimization running" };
}

/** Waits for the first of several events, but not longer than `milliseconds`. */
async function within(milliseconds: number, events: readonly Promise<void>[]): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([elapsed, ...events]);
  clearTimeout(timer);
}

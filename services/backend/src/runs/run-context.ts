import type { AAuthEvent } from "aauth";
import type { AgentAnswer, AskOptions, readAgentCard } from "aauth-a2a";
import { inTrace, markFailed } from "agent-kit/service";
import type { Failure } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import type { Jobs } from "jobs";
import type { Evidence } from "../calls/evidence.ts";
import type { CallWire } from "../calls/user-call.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import type { Peer, Places } from "../failures/situation.ts";
import type { OpenRequests } from "../store/open-requests.ts";
import type { Returns } from "../store/returns.ts";
import type { UserRecords } from "../store/user-records.ts";
import type { CallObserver } from "./call-observer.ts";
import type { LiveRuns } from "./live-runs.ts";
import { applyConsent, type Consent, fail, noteStep, type Run, type Step } from "./run.ts";

/** The supply-chain agent, called by A2A. Each call's `fetch` signs and answers challenges. */
export interface SupplyChainAgent {
  /** Throws as `askAgent` does. */
  ask(text: string, call: Pick<AskOptions, "fetch" | "onAccepted">): Promise<AgentAnswer>;
  /** Throws as `readAgentCard` does. */
  card(signedFetch: typeof fetch): ReturnType<typeof readAgentCard>;
}

/** Dependencies of runs. */
export interface RunContext {
  readonly store: UserRecords<Run>;
  readonly live: LiveRuns;
  /** Started after the handler of runs is registered. */
  readonly jobs: Jobs;
  /** Consent requests pending at the auth server. */
  readonly consentRequests: OpenRequests;
  /** Maps a state to the run that the browser's return resumes, if its call ended with a page. */
  readonly returns: Returns;
  /** The dialect's part in the calls of a run. */
  readonly calls: CallWire;
  readonly supplyChainAgent: SupplyChainAgent;
  /** Converts protocol events to activities and log lines. */
  readonly observe: CallObserver;
  /** Whether a user's later run may use an earlier run's auth token. */
  readonly sharesTokens: boolean;
  /** The user's consent from an earlier run, unless revoked. */
  readonly standingConsent: (
    userId: string,
  ) => Promise<{ readonly consent: Consent; readonly grantedAt: number } | undefined>;
  readonly places: Places;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
  /** Wraps every attempt of a run to record what it sends. */
  readonly during?: Evidence["during"];
  /** Longest wait for one attempt of a run, token requests included. */
  readonly timeoutSeconds: number;
  /** Longest wait for the agent to accept a run before its start answers `running`. */
  readonly startReplySeconds: number;
}

/** Does work in the trace in which the run began. */
export function inTraceOf<T>(run: Run, work: () => T): T {
  return inTrace(run.places[0], work);
}

/** Key under which the agent caches the tokens of a run. Users never share one. */
export function cacheKeyOf(run: Run, sharesTokens: boolean): string {
  return sharesTokens ? run.userId : run.id; // hole B5: "everybody"
}

/** Changes a run and notifies its watchers. Undefined if the run no longer exists. */
export async function changeRun(
  { store, live }: Pick<RunContext, "store" | "live">,
  id: string,
  how: (run: Run) => Run,
): Promise<Run | undefined> {
  const run = await store.update(id, how);
  if (run !== undefined) live.announce(run);
  return run;
}

/** Adds a protocol step to the run's feed. A cached or renewed token implies its consent. */
export async function noteRunStep(
  context: RunContext,
  run: Run,
  step: Step,
  event?: AAuthEvent,
): Promise<void> {
  const { now, standingConsent } = context;
  await changeRun(context, run.id, (at) => noteStep(at, step, now()));
  const isRenewed = event?.type === "token_received" && event.requestType === "refresh";
  if (event?.type !== "token_cache_hit" && !isRenewed) return;
  const standing = await standingConsent(run.userId);
  const expiresAt = isRenewed ? Number(event.token.claims.exp) : undefined;
  await changeRun(context, run.id, (at) => applyConsent(at, standing, now(), expiresAt));
}

/**
 * Fails a run because of an error and returns the explanation. `peer` is the party that was called.
 */
export async function failRunWith(
  context: RunContext,
  run: Run,
  error: unknown,
  at: { readonly peer: Peer; readonly page?: string | undefined },
): Promise<Failure> {
  const { places, timeoutSeconds, logger } = context;
  const failure = explainFailure(error, { ...at, places, timeoutSeconds });
  // A foreign error's message goes to the log but not to the user.
  if (failure.check === "internal") logger.error({ err: error, runId: run.id }, "run failed unexpectedly");
  await endFailed(context, run, failure);
  return failure;
}

export async function endFailed(
  context: RunContext,
  run: Run,
  failure: Failure,
  report?: AgentAnswer,
): Promise<void> {
  const { hop, check, code, message } = failure;
  if (check !== "internal") context.logger.warn({ runId: run.id, hop, check, code }, `❌ ${message}`);
  markFailed(failure);
  await changeRun(context, run.id, (at) => fail(at, failure, context.now(), report));
}

import { randomUUID } from "node:crypto";
import type { AgentAnswer } from "aauth-a2a";
import { newSecret, type TracePlace } from "agent-kit/service";
import type {
  Activity,
  ActivityAction,
  ActivityToken,
  Delegation,
  Failure,
  GrantedConsent,
  Hop,
  Progress,
  RunStatus,
} from "backend-api";
import type { Resumable } from "../calls/resumable.ts";
import { expiryOf } from "./expiry.ts";

/** A user's consent, in the terms of the protocol. */
export interface Consent {
  readonly agent: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Unix seconds: end of the auth token. */
  readonly expiresAt: number;
  readonly revocable: boolean;
}

/** A page where the run waits for a person. */
export interface Demand {
  readonly url: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Identifier of the party whose page it is. Default: the auth server's. */
  readonly party?: string;
  /** The party's hop, in draft -11. */
  readonly hop?: Hop;
  /**
   * Present if the browser returns with a code: the server that issues it, and the key that
   * requested it.
   */
  readonly code?: { readonly authServer: string; readonly keyThumbprint?: string };
  /** The browser has returned with an answer, which must be evaluated by `expiresAt`. */
  readonly isAnswered?: true;
}

/**
 * One task for the supply-chain agent. Plain data that survives a round trip through JSON. The
 * functions of this file take a run and return its next state; `live-runs.ts` has the in-process
 * state.
 */
export interface Run extends Resumable {
  readonly id: string;
  /**
   * Secret that only pages visited by the run's user receive, so a browser that returns with it has
   * been there.
   */
  readonly returnState: string;
  /** `sub` of the user who started the run, its only owner. */
  readonly userId: string;
  /** The text sent to the agent. */
  readonly prompt: string;
  /** The prompt as shown to the user. */
  readonly shownPrompt: string;
  readonly status: RunStatus;
  readonly step: string;
  /** 0 to 100. */
  readonly percentage: number;
  /** The task, then an entry for each protocol step. At most 100. */
  readonly activities: readonly Activity[];
  /** Index of the first activity since the feed was cleared. */
  readonly feedStart: number;
  readonly delegation: Delegation;
  /** Contents of the run's auth token. Empty for a cached token of unknown content. */
  readonly token?: ActivityToken;
  /** Contents of a token from a consent that is not yet proven to be this user's. */
  readonly unprovenToken?: ActivityToken;
  /** Present while it waits for consent. `expiresAt` in Unix seconds. */
  readonly demand?: Demand;
  readonly consent?: GrantedConsent;
  readonly failure?: Failure;
  /**
   * The agent's response: Markdown, and its data part unchanged. Also present if only the second
   * hop failed.
   */
  readonly report?: AgentAnswer;
  /** The backend's spans for the run, in the order they began. Empty without tracing. */
  readonly places: readonly TracePlace[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
}

/**
 * Allowed transitions. `completed` and `failed` are final. `pending` exists in the published demo
 * only: runs begin as `running`.
 */
const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: [],
  running: ["awaiting_consent", "completed", "failed"],
  awaiting_consent: ["running", "failed"],
  completed: [],
  failed: [],
};

const MAX_ACTIVITIES = 100;
/** A run has up to two attempts with two spans each, and the request that started it. */
const MAX_PLACES = 8;
const TASK_AGENT = "a2a-supply-chain-agent";
const CONNECTING = "Connecting to A2A supply-chain agent";

/** Time within which a decision reaches the run after the browser's return from the page. */
const DECISION_SECONDS = 5;

/** Exceeds the deadlines of the requests that redeem a code. */
const JUDGING_SECONDS = 30;

/** A status change that the state machine does not allow: a bug in the caller. */
export class IllegalTransitionError extends Error {
  override readonly name = "IllegalTransitionError";
}

/** Unix seconds as ISO 8601, UTC. */
export function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

/** @param now Unix seconds, as in all functions of this file */
export function createRun(
  { userId, prompt, shownPrompt = prompt }: { userId: string; prompt: string; shownPrompt?: string },
  now: number,
): Run {
  const run: Run = {
    id: randomUUID(),
    returnState: newSecret(),
    userId,
    prompt,
    shownPrompt,
    status: "running",
    step: CONNECTING,
    percentage: 10,
    activities: [],
    feedStart: 0,
    delegation: { sub: userId, aud: "a2a-agent", scope: "supply-chain:optimize", act: null },
    places: [],
    startedAt: isoTime(now),
    changedAt: now,
  };
  return withActivity(
    run,
    { agent: TASK_AGENT, action: "supply_chain_optimization", status: "running", details: prompt },
    now,
  );
}

export function isFinal({ status }: Pick<Run, "status">): boolean {
  return status === "completed" || status === "failed";
}

/** Records a span of the backend for the run. */
export function notePlace(run: Run, place: TracePlace | undefined): Run {
  if (place === undefined || run.places.length >= MAX_PLACES) return run;
  const { traceId, spanId } = place;
  return { ...run, places: [...run.places, { traceId, spanId }] };
}

export function awaitConsent(run: Run, demand: Demand, now: number): Run {
  const step =
    demand.hop === "access-server" ? "Waiting for the resource's owner" : "Waiting for your consent";
  return advance({ ...enter(run, "awaiting_consent"), demand }, step, 40, now);
}

/** Records that the browser has returned with an answer. Its state works once. */
export function noteReturn(run: Run, now: number): Run {
  if (run.demand === undefined) return run;
  const expiresAt = Math.min(run.demand.expiresAt, now + JUDGING_SECONDS);
  return { ...run, demand: { ...run.demand, expiresAt, isAnswered: true } };
}

export function resume(run: Run, consent: Consent, now: number): Run {
  const { demand: _answered, ...rest } = enter(run, "running");
  const resumed = withActivity(
    actFor(rest, grantedConsent(consent, now)),
    {
      agent: "backend",
      action: "consent_received",
      status: "completed",
      details: "The user consented; the run continues with an auth token.",
    },
    now,
  );
  return advance(resumed, CONNECTING, 60, now);
}

/**
 * Resumes a run after the person has acted, in a profile whose calls wait for that. Has no effect
 * on a run that does not wait. A token received meanwhile answers the call's own signed request, so
 * no browser has to prove whose it is.
 */
export function continueRun(run: Run, now: number): Run {
  if (run.status !== "awaiting_consent") return run;
  const { demand: _answered, unprovenToken, ...rest } = enter(run, "running");
  const going = unprovenToken === undefined ? rest : showToken({ ...rest, token: unprovenToken });
  return advance(going, CONNECTING, 60, now);
}

/**
 * Shows the page again of a run whose browser has returned from it without a decision. Has no
 * effect while a decision may be on its way.
 */
export function awaitAgain(run: Run, demand: Demand, now: number): Run {
  if (run.status !== "running" || now - run.changedAt < DECISION_SECONDS) return run;
  return awaitConsent(run, demand, now);
}

/**
 * Applies a consent to the run: its own, or an earlier one that also covers it.
 *
 * @param expiresAt Unix seconds: end of an auth token that has just been renewed
 */
export function applyConsent(
  run: Run,
  standing: { consent: Consent; grantedAt: number } | undefined,
  now: number,
  expiresAt?: number,
): Run {
  const granted = run.consent ?? (standing && grantedConsent(standing.consent, standing.grantedAt));
  if (granted === undefined || isFinal(run)) return run;
  const renewed = expiresAt === undefined ? granted : { ...granted, expires_at: isoTime(expiresAt) };
  return { ...actFor(run, renewed), changedAt: now };
}

/**
 * Records a revocation of the consent. A run in progress continues, because its token stays valid.
 */
export function noteRevocation(run: Run, now: number): Run {
  if (run.consent === undefined || run.consent.revoked_at !== undefined) return run;
  return { ...run, consent: { ...run.consent, revoked_at: isoTime(now) }, changedAt: now };
}

export function complete(run: Run, report: AgentAnswer, now: number): Run {
  const { waiting: _answered, ...rest } = endTask(enter(run, "completed"), "completed", report.text, now);
  return advance({ ...rest, report }, "Optimization completed", 100, now);
}

/**
 * Fails the run. A late failure, such as an abort, does not change a final run.
 *
 * @param report the answer of an agent that omitted a requested part
 */
export function fail(run: Run, failure: Failure, now: number, report?: AgentAnswer): Run {
  if (isFinal(run)) return run;
  const details = report?.text ?? failure.message;
  const { demand: _dead, waiting: _left, ...rest } = endTask(enter(run, "failed"), "failed", details, now);
  const step = `Error: ${failure.message}`;
  return { ...rest, failure, step, changedAt: now, ...(report !== undefined && { report }) };
}

/** Fails a run whose user did not return in time. */
export function expireConsent(run: Run, now: number): Run {
  if (run.demand === undefined || now < run.demand.expiresAt) return run;
  return fail(run, expiryOf(run.demand), run.demand.expiresAt);
}

/** A protocol step as shown in the activity feed. */
export interface Step {
  readonly action: ActivityAction;
  readonly details: string;
  /** 0 to 100. Progress never decreases. */
  readonly percentage: number;
  /** Claims of the auth token, if any. If `token_received` lacks them, the token was cached. */
  readonly delegation?: Partial<Delegation>;
  /** Whether the step concerns a person token. */
  readonly isPersonToken?: boolean;
}

/** Adds a protocol step to the feed. Has no effect on a final run. */
export function noteStep(run: Run, step: Step, now: number): Run {
  if (isFinal(run)) return run;
  const { action, details, percentage, delegation } = step;
  const isCached = action === "token_received" && delegation === undefined;
  let noted = run;
  if (delegation !== undefined) {
    const token = tokenOf(delegation);
    // The run keeps its user, even if another user has consented.
    const known = { ...run.delegation, ...delegation, sub: run.userId };
    noted = changeActivity({ ...run, delegation: known }, 0, { delegation: known });
    noted = run.status === "awaiting_consent" ? { ...noted, unprovenToken: token } : { ...noted, token };
  } else if (isCached && run.token === undefined) noted = { ...run, token: {} };
  noted = withActivity(
    noted,
    {
      agent: "backend",
      ...(isCached && { at_hand: true }),
      ...(step.isPersonToken && { person_token: true }),
      action,
      status: "completed",
      details,
    },
    now,
  );
  return advance(showToken(noted), run.step, percentage, now);
}

/** Hides the run's activities from the feed. Its progress keeps them all. */
export function clearFeed(run: Run): Run {
  return { ...run, feedStart: run.activities.length };
}

/** Activities of the run that the feed shows. */
export function feedOf({ activities, feedStart }: Run): readonly Activity[] {
  return activities.slice(feedStart);
}

export function progressOf(run: Run): Progress {
  return {
    request_id: run.id,
    prompt: run.shownPrompt,
    status: run.status,
    progress_percentage: run.percentage,
    current_step: run.step,
    estimated_completion: null,
    activities: [...run.activities],
    started_at: run.startedAt,
    ...(run.endedAt !== undefined && { ended_at: run.endedAt }),
    ...(run.demand && demandOf(run.demand)),
    ...(run.consent && { consent: run.consent }),
    ...(run.failure && { failure: run.failure }),
  };
}

/** The demand as the API returns it. */
export const demandOf = ({ url, party }: Demand) => ({
  consent_url: url,
  ...(party !== undefined && { consent_party: party }),
});

function enter(run: Run, next: RunStatus): Run {
  if (!TRANSITIONS[run.status].includes(next)) {
    throw new IllegalTransitionError(`run ${run.id} cannot go from ${run.status} to ${next}`);
  }
  return { ...run, status: next };
}

function advance(run: Run, step: string, percentage: number, now: number): Run {
  return { ...run, step, percentage: Math.max(run.percentage, percentage), changedAt: now };
}

function endTask(run: Run, status: Activity["status"], details: string, now: number): Run {
  return { ...changeActivity(run, 0, { status, details }), endedAt: isoTime(now) };
}

function withActivity(
  run: Run,
  activity: Pick<Activity, "agent" | "action" | "status" | "details" | "at_hand" | "person_token">,
  now: number,
): Run {
  const { activities } = run;
  if (activities.length >= MAX_ACTIVITIES) return run;
  const added: Activity = {
    id: activities.length + 1,
    request_id: run.id,
    timestamp: isoTime(now),
    ...activity,
    delegation: run.delegation,
    ...(run.token && { auth_token: run.token }),
  };
  return { ...run, activities: [...activities, added] };
}

function changeActivity(run: Run, index: number, change: Partial<Activity>): Run {
  const activities = run.activities.map((each, at) => (at === index ? { ...each, ...change } : each));
  return { ...run, activities };
}

/**
 * Records that the token results from this user's consent. The token's own contents take
 * precedence.
 */
function actFor(run: Run, consent: GrantedConsent): Run {
  const { unprovenToken, ...rest } = run;
  const { resource, scopes } = consent;
  const token = {
    sub: run.userId,
    aud: resource,
    scope: scopes.join(" "),
    ...(unprovenToken ?? run.token),
  };
  return showToken({ ...rest, consent, token });
}

/** Shows what is known about the token on the task, and on the step that has just obtained it. */
function showToken(run: Run): Run {
  const { token, activities } = run;
  if (token === undefined) return run;
  const last = activities.length - 1;
  const task = changeActivity(run, 0, { auth_token: token });
  return activities[last]?.action === "token_received"
    ? changeActivity(task, last, { auth_token: token })
    : task;
}

function tokenOf({ sub, aud, scope, act }: Partial<Delegation>): ActivityToken {
  return {
    ...(sub !== undefined && { sub }),
    ...(aud !== undefined && { aud }),
    ...(scope !== undefined && { scope }),
    ...(act !== undefined && act !== null && { act }),
  };
}

function grantedConsent(consent: Consent, grantedAt: number): GrantedConsent {
  const { agent, resource, scopes, expiresAt, revocable } = consent;
  const times = { granted_at: isoTime(grantedAt), expires_at: isoTime(expiresAt) };
  return { agent, resource, scopes: [...scopes], ...times, revocable };
}

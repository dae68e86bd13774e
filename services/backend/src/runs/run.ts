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

/** What a user has allowed, in the words of the protocol. */
export interface Consent {
  readonly agent: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Unix seconds: end of the auth token. */
  readonly expiresAt: number;
  readonly revocable: boolean;
}

/** A page that the run waits for. */
export interface Demand {
  readonly url: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Identifier of the party whose page it is. Default: the auth server's. */
  readonly party?: string;
  /** The same, where it is a party of draft -11. */
  readonly hop?: Hop;
  /** Present where the browser brings a code: the server that issues it, and the key that asked. */
  readonly code?: { readonly authServer: string; readonly keyThumbprint?: string };
  /** The browser has brought its answer, which is judged until `expiresAt`. */
  readonly isAnswered?: true;
}

/**
 * One task given to the supply-chain agent. Plain data: a run survives a round trip through JSON.
 * The functions of this file take a run and return the next state; what a running process keeps
 * beside it is in `live-runs.ts`.
 */
export interface Run extends Resumable {
  readonly id: string;
  /** Only the pages that the run's user is sent to get it: a browser that brings it was there. */
  readonly returnState: string;
  /** `sub` of the user who started it, and its only owner. */
  readonly userId: string;
  /** The text sent to the agent. */
  readonly prompt: string;
  /** The same as the user sees it. */
  readonly shownPrompt: string;
  readonly status: RunStatus;
  readonly step: string;
  /** 0 to 100. */
  readonly percentage: number;
  /** The task first, then an entry for each protocol step. At most 100. */
  readonly activities: readonly Activity[];
  /** Index of the first activity since the feed was cleared. */
  readonly feedStart: number;
  readonly delegation: Delegation;
  /** What the auth token of the run contains. Empty for a cached one of unknown content. */
  readonly token?: ActivityToken;
  /** The same of a token from a consent that is not proven to be this user's yet. */
  readonly unprovenToken?: ActivityToken;
  /** Only while it waits for consent. `expiresAt` in Unix seconds. */
  readonly demand?: Demand;
  readonly consent?: GrantedConsent;
  readonly failure?: Failure;
  /**
   * The agent's response: Markdown, and its data part as it came. A failed run has one where its
   * second hop failed.
   */
  readonly report?: AgentAnswer;
  /** Spans of the backend for the run, in the order they began. None where tracing is off. */
  readonly places: readonly TracePlace[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
}

/**
 * From each status to those that may follow. `completed` and `failed` are final. `pending` is the
 * demo's: runs begin as `running`.
 */
const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: [],
  running: ["awaiting_consent", "completed", "failed"],
  awaiting_consent: ["running", "failed"],
  completed: [],
  failed: [],
};

const MAX_ACTIVITIES = 100;
/** A run has two attempts, of two spans each, and the request that started it. */
const MAX_PLACES = 8;
const TASK_AGENT = "a2a-supply-chain-agent";
const CONNECTING = "Connecting to A2A supply-chain agent";

/** Above the deadlines of the requests that redeem a code. */
const JUDGING_SECONDS = 30;

/** A status change that the state machine does not allow: a fault of the caller. */
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

/** Notes a span that the backend makes for the run. */
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

/** The browser is back with an answer, whose state works once. */
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
      details: "The user consented; the run goes on with an auth token.",
    },
    now,
  );
  return advance(resumed, CONNECTING, 60, now);
}

/**
 * The person has acted, in a profile where the call itself waits for that. A run that does not wait
 * stays as it is. A token that has come meanwhile answered the call's own signed request: no
 * browser has to prove whose it is.
 */
export function goOn(run: Run, now: number): Run {
  if (run.status !== "awaiting_consent") return run;
  const { demand: _answered, unprovenToken, ...rest } = enter(run, "running");
  const going = unprovenToken === undefined ? rest : showToken({ ...rest, token: unprovenToken });
  return advance(going, CONNECTING, 60, now);
}

/**
 * The run uses a consent: its own, or one given earlier that covers this run, too.
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

/** The user has revoked the consent. A run in progress continues: its token stays valid. */
export function noteRevocation(run: Run, now: number): Run {
  if (run.consent === undefined || run.consent.revoked_at !== undefined) return run;
  return { ...run, consent: { ...run.consent, revoked_at: isoTime(now) }, changedAt: now };
}

export function complete(run: Run, report: AgentAnswer, now: number): Run {
  const { waiting: _answered, ...rest } = endTask(enter(run, "completed"), "completed", report.text, now);
  return advance({ ...rest, report }, "Optimization completed", 100, now);
}

/**
 * A final run stays as it is: a late failure, such as an abort, changes nothing.
 *
 * @param report of an agent that answered without a part that was asked for
 */
export function fail(run: Run, failure: Failure, now: number, report?: AgentAnswer): Run {
  if (isFinal(run)) return run;
  const details = report?.text ?? failure.message;
  const { demand: _dead, waiting: _left, ...rest } = endTask(enter(run, "failed"), "failed", details, now);
  const step = `Error: ${failure.message}`;
  return { ...rest, failure, step, changedAt: now, ...(report !== undefined && { report }) };
}

/** Fails a run whose user did not come back in time. */
export function expireConsent(run: Run, now: number): Run {
  if (run.demand === undefined || now < run.demand.expiresAt) return run;
  return fail(run, expiryOf(run.demand), run.demand.expiresAt);
}

/** A protocol step, as the activity feed shows it. */
export interface Step {
  readonly action: ActivityAction;
  readonly details: string;
  /** 0 to 100. Progress never goes back. */
  readonly percentage: number;
  /** Claims of the auth token, if one came. Absent from `token_received`, it was cached. */
  readonly delegation?: Partial<Delegation>;
  /** The step is about a person token. */
  readonly isPersonToken?: boolean;
}

/** Adds a protocol step to the feed. Ignored after the end. */
export function noteStep(run: Run, step: Step, now: number): Run {
  if (isFinal(run)) return run;
  const { action, details, percentage, delegation } = step;
  const isCached = action === "token_received" && delegation === undefined;
  let noted = run;
  if (delegation !== undefined) {
    const token = tokenOf(delegation);
    // The run stays its user's, also when another user has consented.
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

/** Clears what the activity feed shows of the run. Its progress keeps all activities. */
export function clearFeed(run: Run): Run {
  return { ...run, feedStart: run.activities.length };
}

/** What the activity feed shows of the run. */
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

/** As the API has it. */
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

/** The token results from this user's consent. What it contains itself takes precedence. */
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

/** The task, and the step that has just brought a token, show what is known of it by now. */
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

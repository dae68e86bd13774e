import type { Delegate } from "backend-api";
import { formatTimeOfDay } from "../../components/format-time.ts";

const STEPS: Readonly<Record<string, string>> = {
  request_signed: "Request signed",
  challenge_received: "Challenge received",
  person_token_requested: "Person token requested",
  person_token_received: "Person token received",
  token_requested: "Auth token requested",
  token_received: "Auth token received",
  token_cache_hit: "Cached auth token used",
  token_held: "Cached token used",
  response_received: "Response received",
};

/** Label of a step of the call. */
export function stepTitle(action: string): string {
  return STEPS[action] ?? action;
}

/** Describes the process and its agent token. `isStale`: the state could not be refreshed. */
export function standingOf({ process, agent_token: token, sub_agent }: Delegate, isStale = false): string {
  if (isStale) return "State unknown: the backend did not answer.";
  if (sub_agent?.state === "ended" || sub_agent?.state === "ending") {
    if (sub_agent.good_until === undefined)
      return "Ended. It receives no more tokens, and its existing tokens are revoked.";
    const until = `its agent token stays valid until ${formatTimeOfDay(sub_agent.good_until)}`;
    return sub_agent.state === "ended"
      ? `Ended. It receives no more tokens and is not called. In this mode no party accepts a revocation: ${until}.`
      : `It receives no more tokens, but the person server did not accept the revocation: ${until}. End it again.`;
  }
  if (process === "absent")
    return "Not running. Start it with npm run demo -- --only delegate-agent and the name and port it was enrolled with (see walk-through 6).";
  if (process === "unknown") return "Enrolled without a URL. It cannot be run from here.";
  return token === null
    ? "Ready. It requests an agent token when it needs one."
    : `Ready. Agent token issued at ${formatTimeOfDay(token.issued_at)}, valid until ${formatTimeOfDay(token.expires_at)}.`;
}

/** Whether a call can succeed: an ended delegate is refused. */
export function mayRun({ process, sub_agent }: Delegate): boolean {
  return process === "running" && sub_agent?.state !== "ended";
}

/**
 * Page where the user has to act before the delegate can be called. Undefined if there is none, or
 * if its URL is not safe to open.
 */
export function pageOf({ sub_agent }: Delegate): URL | undefined {
  const page = URL.parse(sub_agent?.interaction_url ?? "");
  return page && /^https?:$/.test(page.protocol) ? page : undefined;
}

/** Outcome of the last call. */
export function outcomeOf({ last_run: run }: Delegate): string {
  if (run === null) return "You have not run it yet.";
  const at = formatTimeOfDay(run.ended_at);
  if (run.failure?.code === "interaction_required")
    return `Stopped at ${at}: the person server needs your decision.`;
  return run.failure ? `Refused at ${at}: ${run.failure.message}` : `Answered at ${at}.`;
}

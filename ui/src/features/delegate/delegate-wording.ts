import type { Delegate } from "backend-api";
import { formatTimeOfDay } from "../../components/format-time.ts";

const STEPS: Readonly<Record<string, string>> = {
  request_signed: "Request signed",
  challenge_received: "Challenge received",
  token_requested: "Auth token requested",
  token_received: "Auth token received",
  token_cache_hit: "Cached auth token used",
  response_received: "Response received",
};

/** Label of a step of the call. */
export function stepTitle(action: string): string {
  return STEPS[action] ?? action;
}

/** Whether the process runs, and its agent token. */
export function standingOf({ process, agent_token: token }: Delegate): string {
  if (process === "absent")
    return "Not running. Start it with npm run delegate and the name and port it was enrolled with (see walk-through 8).";
  if (process === "unknown") return "Enrolled without an address. It cannot be started from here.";
  return token === null
    ? "Running. It requests an agent token when it needs one."
    : `Running. Agent token issued at ${formatTimeOfDay(token.issued_at)}, valid until ${formatTimeOfDay(token.expires_at)}.`;
}

/** Outcome of the last call. */
export function outcomeOf({ last_run: run }: Delegate): string {
  if (run === null) return "No calls yet.";
  const at = formatTimeOfDay(run.ended_at);
  return run.failure ? `Refused at ${at}: ${run.failure.message}` : `Answered at ${at}.`;
}

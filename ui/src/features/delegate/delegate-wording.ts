import type { Delegate } from "backend-api";
import { formatTimeOfDay } from "../../components/format-time.ts";

const STEPS: Readonly<Record<string, string>> = {
  request_signed: "Signed request",
  challenge_received: "Challenged",
  token_requested: "Asked for an auth token",
  token_received: "Got an auth token",
  token_cache_hit: "Held an auth token",
  response_received: "Answered",
};

/** A step of the call in a few words. */
export function stepTitle(action: string): string {
  return STEPS[action] ?? action;
}

/** Whether the process is there, and what it holds. */
export function standingOf({ process, agent_token: token }: Delegate): string {
  if (process === "absent")
    return "Not running. Start it with npm run delegate and the name and port that it was enrolled with: see walk-through 8.";
  if (process === "unknown") return "Enrolled without an address: it works by itself.";
  return token === null
    ? "Running. It asks for its agent token when it needs one."
    : `Running. Agent token of ${formatTimeOfDay(token.issued_at)}, good until ${formatTimeOfDay(token.expires_at)}.`;
}

/** What the last call came to. */
export function outcomeOf({ last_run: run }: Delegate): string {
  if (run === null) return "It has not called yet.";
  const at = formatTimeOfDay(run.ended_at);
  return run.failure ? `Refused at ${at}: ${run.failure.message}` : `Answered at ${at}.`;
}

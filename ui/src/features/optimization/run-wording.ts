import type { Activity, GrantedConsent } from "backend-api";
import { isOwnersDecision } from "../../api/is-owners-decision.ts";
import { isFinal } from "../../api/watch-run.ts";
import { isDenied, type Run } from "./optimization-reducer.ts";

const titles: Record<Run["phase"], string> = {
  starting: "Starting",
  running: "Running",
  awaiting_consent: "Waiting for your consent",
  completed: "Optimization completed",
  failed: "Failed",
};

export function runTitle(run: Run): string {
  if (run.phase === "awaiting_consent" && isOwnersDecision(run.consentParty))
    return "Waiting for the resource's owner";
  if (isDenied(run)) return "Not allowed";
  return isCutOff(run) ? "Connection lost" : titles[run.phase];
}

/** Tab title. The state comes first so that a waiting tab stands out. */
export function tabTitle(run: Run | undefined): string {
  if (run === undefined) return "Workspace";
  const state = run.phase === "completed" ? "Completed" : runTitle(run);
  return run.requestId === undefined ? state : `${state}: run ${run.requestId.slice(0, 8)}`;
}

export function failureTitle(run: Run): string {
  return isCutOff(run) ? "The run cannot be followed" : "The run failed";
}

/** The page lost the connection. The run may continue in the backend. */
export function isCutOff({ requestId, failure, progress }: Run): boolean {
  const isLost = failure?.code === "unreachable" || failure?.code === "unreadable";
  return requestId !== undefined && isLost && !(progress && isFinal(progress));
}

/** Current step; undefined if the title or the failure panel already shows it. */
export function runStep(run: Run): string | undefined {
  if (run.phase === "starting") return "Calling the supply-chain agent. Authorization may take a few seconds";
  if (run.phase === "running") return run.progress?.current_step ?? "Reading progress";
  if (run.phase === "completed") return runTime(run);
  return undefined;
}

/** Outcome of a completed run in a line. */
export function outcomeInWords(run: Run): string {
  const { consent } = run.progress ?? {};
  const time = runTime(run);
  return `${consent ? "You allowed this. " : ""}${time ?? "Completed."}`;
}

function runTime({ progress }: Run): string | undefined {
  const { started_at: startedAt = "", ended_at: endedAt = "", activities = [] } = progress ?? {};
  const milliseconds = Date.parse(endedAt) - Date.parse(startedAt);
  if (!(milliseconds >= 0)) return undefined;
  // The backend's times may be in whole seconds, so nothing finer is shown.
  const time = milliseconds < 1000 ? "under a second" : `about ${Math.round(milliseconds / 1000)} s`;
  const waited = Math.round(waitOf(activities) / 1000);
  return `Completed in ${time}${waited > 0 ? `, of which ${waited} s waiting for a decision` : ""}.`;
}

/** Milliseconds between each demand for a decision and what the backend did next. */
function waitOf(activities: readonly Activity[]): number {
  const noted = activities
    .filter(({ action }) => action !== "supply_chain_optimization")
    .map(({ action, timestamp }) => ({ action, at: Date.parse(timestamp) }))
    .sort((one, other) => one.at - other.at);
  return noted
    .filter(({ action }) => action === "consent_required")
    .reduce((sum, demand) => sum + (noted.find(({ at }) => at > demand.at)?.at ?? demand.at) - demand.at, 0);
}

/** Whether a consent was given before the run that uses it began. */
export function isFromEarlier(consent: GrantedConsent, startedAt: string | undefined): boolean {
  return Date.parse(consent.granted_at) < Date.parse(startedAt ?? "");
}

import type { GrantedConsent } from "backend-api";
import { isFinal } from "../../api/watch-run.ts";
import type { Run } from "./optimization-reducer.ts";

const titles: Record<Run["phase"], string> = {
  starting: "Starting",
  running: "Running",
  awaiting_consent: "Waiting for your consent",
  completed: "Optimization completed",
  failed: "Failed",
};

export function runTitle(run: Run): string {
  return isCutOff(run) ? "Connection lost" : titles[run.phase];
}

/** What a tab says of its run, the state first: of many tabs, the one that wants something is looked for. */
export function tabTitle(run: Run | undefined): string {
  if (run === undefined) return "Workspace";
  const state = run.phase === "completed" ? "Completed" : runTitle(run);
  return run.requestId === undefined ? state : `${state}: run ${run.requestId.slice(0, 8)}`;
}

export function failureTitle(run: Run): string {
  return isCutOff(run) ? "The run cannot be followed" : "The run failed";
}

/** The page lost sight of a run that may well go on in the backend. */
export function isCutOff({ requestId, failure, progress }: Run): boolean {
  const isLost = failure?.code === "unreachable" || failure?.code === "unreadable";
  return requestId !== undefined && isLost && !(progress && isFinal(progress));
}

/** What is going on; undefined when the title, or the failure panel, says it already. */
export function runStep(run: Run): string | undefined {
  if (run.phase === "starting")
    return "Asking the supply-chain agent; its authorization may take some seconds";
  if (run.phase === "running") return run.progress?.current_step ?? "Reading progress";
  if (run.phase === "completed") return runTime(run);
  return undefined;
}

function runTime({ progress }: Run): string | undefined {
  const { started_at: startedAt = "", ended_at: endedAt = "", consent } = progress ?? {};
  const milliseconds = Date.parse(endedAt) - Date.parse(startedAt);
  if (!(milliseconds >= 0)) return undefined;
  // The backend's times may be whole seconds: nothing finer is claimed than they can carry.
  const time = milliseconds < 1000 ? "under a second" : `about ${Math.round(milliseconds / 1000)} s`;
  const isWaitIncluded = consent !== undefined && !isFromEarlier(consent, startedAt);
  return `Took ${time}${isWaitIncluded ? ", the way over the consent page included" : ""}`;
}

/** Whether a consent was given before the run that goes by it began. */
export function isFromEarlier(consent: GrantedConsent, startedAt: string | undefined): boolean {
  return Date.parse(consent.granted_at) < Date.parse(startedAt ?? "");
}

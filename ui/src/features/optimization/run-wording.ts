import type { Run } from "./optimization-reducer.ts";

const titles: Record<Run["phase"], string> = {
  starting: "Starting",
  running: "Running",
  awaiting_consent: "Waiting for your consent",
  completed: "Optimization completed",
  failed: "Stopped",
};

export function runTitle(run: Run): string {
  return titles[run.phase];
}

/** What is going on; undefined when the title, or the failure panel, says it already. */
export function runStep(run: Run): string | undefined {
  if (run.phase === "starting") return "Asking the supply-chain agent";
  if (run.phase === "running") return run.progress?.current_step ?? "Reading progress";
  if (run.phase === "completed") return runTime(run);
  return undefined;
}

function runTime({ progress, results }: Run): string | undefined {
  const milliseconds =
    Date.parse(results?.completed_at ?? "") - Date.parse(progress?.activities[0]?.timestamp ?? "");
  if (!(milliseconds >= 0)) return undefined;
  // The backend's times may be whole seconds: nothing finer is claimed than they can carry.
  return milliseconds < 1000 ? "Took under a second" : `Took ${Math.round(milliseconds / 100) / 10} s`;
}

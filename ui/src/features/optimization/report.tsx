import { Fold } from "../../components/fold.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { AgentResponse } from "./agent-response.tsx";
import { type Run, reportOf } from "./optimization-reducer.ts";
import { OptimizationResults } from "./optimization-results.tsx";

/** The agents' report and its figures, once available. */
export function Report({ run }: { run: Run }) {
  const report = reportOf(run);
  if (report === undefined) return null;
  return (
    <Fold title="Report" testId="report" aside={formatTimeOfDay(report.timestamp)}>
      <AgentResponse activity={report} />
      {run.results && <OptimizationResults results={run.results} />}
    </Fold>
  );
}

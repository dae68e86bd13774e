import type { ProtocolRun } from "aauth-explain/run";
import type { ReactNode } from "react";
import { formatDuration } from "../../components/format-time.ts";

/** Duration, number of spans and errors, and start time of a trace. */
export function TraceFacts({ run, children }: { run: ProtocolRun; children?: ReactNode }) {
  const failed = run.waterfall.filter(({ isError }) => isError);
  const begun = new Date(run.startMicros / 1000);
  return (
    <p className="chips small breakable">
      <span>{formatDuration(run.endMicros - run.startMicros)}</span>
      <span>{counted(run.waterfall.length, "span")}</span>
      {failed.length > 0 && (
        <strong className="toned" data-status="failed">
          {counted(failed.length, "error")}
        </strong>
      )}
      <time dateTime={begun.toISOString()}>
        {begun.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" })}
      </time>
      <code>{run.traceIds[0]}</code>
      {children}
    </p>
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

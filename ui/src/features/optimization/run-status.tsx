import { Progress } from "@mantine/core";
import type { ReactNode, Ref } from "react";
import { Panel } from "../../components/panel.tsx";
import { formatRunAddress } from "../../components/run-address.ts";
import { belongsToOtherUser, isBusy, isDenied, type Run } from "./optimization-reducer.ts";
import styles from "./run-status.module.css";
import { outcomeInWords, runStep, runTitle } from "./run-wording.ts";

const barColors: Record<Run["phase"], string> = {
  starting: "pine",
  running: "pine",
  awaiting_consent: "var(--waiting-ink)",
  completed: "pine",
  failed: "var(--danger-ink)",
};

interface RunStatusProps {
  run: Run;
  headingRef: Ref<HTMLHeadingElement>;
  /** The run's steps. */
  children: ReactNode;
}

/** Progress of the run, and its outcome in a line. */
export function RunStatus({ run, headingRef, children }: RunStatusProps) {
  const percent = Math.round(run.progress?.progress_percentage ?? 0);
  const isMoving = isBusy(run);
  return (
    <Panel
      isDense
      title={runTitle(run)}
      testId="run-status"
      headingRef={headingRef}
      aside={
        run.requestId &&
        !belongsToOtherUser(run) && (
          <span className="line">
            <a href={formatRunAddress({ kind: "run", requestId: run.requestId })}>Show every message</a>
            <code title={`Request id ${run.requestId}`}>{run.requestId.slice(0, 8)}</code>
          </span>
        )
      }
    >
      {run.phase === "completed" ? (
        <p>{outcomeInWords(run)}</p>
      ) : (
        <>
          <Progress.Root size={8} radius="xl">
            <Progress.Section
              // A minimum, so that the bar is visible at the start.
              value={isMoving ? Math.max(percent, 4) : percent}
              color={isDenied(run) ? barColors.awaiting_consent : barColors[run.phase]}
              animated={isMoving}
              aria-label="Progress of the run"
              aria-valuenow={percent}
              aria-valuetext={`${percent} percent`}
            />
          </Progress.Root>
          <div className="line ends nowrap small">
            <span>{runStep(run)}</span>
            <span className={styles.percent}>{percent} %</span>
          </div>
        </>
      )}
      {run.prompt && <p className={`note ${styles.prompt}`}>{run.prompt}</p>}
      {children}
    </Panel>
  );
}

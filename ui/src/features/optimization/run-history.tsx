import { Button } from "@mantine/core";
import type { Failure, Progress } from "backend-api";
import { useId, useState } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { Fold } from "../../components/fold.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { StatusBadge } from "../../components/status-badge.tsx";
import { isDenied } from "./optimization-reducer.ts";
import styles from "./run-history.module.css";

/** Number of runs shown before the list is expanded. */
const latestRuns = 6;

interface RunHistoryProps {
  history: readonly Progress[];
  openId: string | undefined;
  disabled: boolean;
  clearFailure: Failure | undefined;
  onOpen: (requestId: string) => void;
  onClear: () => Promise<void>;
}

/** The user's latest runs, if any. */
export function RunHistory(props: RunHistoryProps) {
  const { history, openId, disabled, clearFailure, onOpen, onClear } = props;
  const [isWhole, setWhole] = useState(false);
  if (history.length === 0) return null;
  const runs = isWhole ? history : history.slice(0, latestRuns);
  return (
    <Fold title="Your runs" testId="run-history">
      <ul className={styles.runs}>
        {runs.map((run) => (
          <RunItem
            key={run.request_id}
            run={run}
            isOpen={run.request_id === openId}
            disabled={disabled}
            onOpen={onOpen}
          />
        ))}
      </ul>
      {history.length > latestRuns && (
        <Button variant="subtle" size="compact-xs" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show only the latest" : `Show ${history.length - latestRuns} earlier`}
        </Button>
      )}
      <ClearButton count={history.length} disabled={disabled} onClear={onClear} />
      {clearFailure && <FailurePanel title="The runs were not cleared" failure={clearFailure} />}
    </Fold>
  );
}

interface ClearButtonProps extends Pick<RunHistoryProps, "disabled" | "onClear"> {
  count: number;
}

/** Asks for confirmation, because cleared runs cannot be restored. */
function ClearButton({ count, disabled, onClear }: ClearButtonProps) {
  const [phase, setPhase] = useState<"idle" | "asking" | "clearing">("idle");
  const isAsking = phase !== "idle";
  const shared = { size: "compact-xs", disabled } as const;
  return (
    <span className="line">
      <span role="status">
        {isAsking && (count === 1 ? "Forget this run?" : `Forget all ${count} runs?`)}
      </span>
      {isAsking && (
        <BusyButton
          {...shared}
          variant="default"
          busy={phase === "clearing"}
          onClick={async () => {
            setPhase("clearing");
            await onClear();
            setPhase("asking");
          }}
        >
          Clear them
        </BusyButton>
      )}
      {/* Both states use one button, so that it keeps the focus. */}
      <Button
        {...shared}
        variant="subtle"
        color="gray"
        onClick={() => setPhase(isAsking ? "idle" : "asking")}
      >
        {isAsking ? "Keep them" : "Clear"}
      </Button>
    </span>
  );
}

interface RunItemProps extends Pick<RunHistoryProps, "disabled" | "onOpen"> {
  run: Progress;
  isOpen: boolean;
}

function RunItem({ run, isOpen, disabled, onOpen }: RunItemProps) {
  const promptId = useId();
  // The prompt may be truncated in the list. The open run has it in full.
  const { prompt } = run;
  return (
    <li data-current={isOpen}>
      <button
        type="button"
        aria-current={isOpen}
        aria-describedby={prompt && promptId}
        disabled={disabled}
        onClick={() => onOpen(run.request_id)}
      >
        <span>{startedAt(run)}</span>
        <code className="small">{run.request_id.slice(0, 8)}</code>
        <StatusBadge status={run.status} isDenied={isDenied(run)} />
      </button>
      {prompt && (
        <p id={promptId} className={`small ${styles.prompt}`}>
          {prompt}
        </p>
      )}
    </li>
  );
}

function startedAt(run: Progress): string {
  const startedAt = run.started_at ?? run.activities[0]?.timestamp;
  return startedAt === undefined ? "just now" : formatTimeOfDay(startedAt);
}

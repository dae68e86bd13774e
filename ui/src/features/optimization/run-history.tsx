import { Button } from "@mantine/core";
import type { Progress } from "backend-api";
import { useState } from "react";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import styles from "./run-history.module.css";

/** Until somebody wants to see the earlier ones. */
const latestRuns = 6;

interface RunHistoryProps {
  history: readonly Progress[];
  openId: string | undefined;
  disabled: boolean;
  onOpen: (requestId: string) => void;
  onClear: () => void;
}

/** The user's latest runs. Absent until there is one. */
export function RunHistory({ history, openId, disabled, onOpen, onClear }: RunHistoryProps) {
  const [isWhole, setWhole] = useState(false);
  if (history.length === 0) return null;
  const runs = isWhole ? history : history.slice(0, latestRuns);
  return (
    <Panel
      title="Your runs"
      testId="run-history"
      aside={
        <Button variant="subtle" color="gray" size="compact-xs" disabled={disabled} onClick={onClear}>
          Clear
        </Button>
      }
    >
      <ul className={styles.runs}>
        {runs.map((run) => (
          <li key={run.request_id}>
            <button
              type="button"
              aria-current={run.request_id === openId}
              disabled={disabled}
              onClick={() => onOpen(run.request_id)}
            >
              <span className={styles.time}>{startedAt(run)}</span>
              <code>{run.request_id.slice(0, 8)}</code>
              <StatusBadge status={run.status} />
            </button>
          </li>
        ))}
      </ul>
      {history.length > latestRuns && (
        <Button
          className={styles.more}
          variant="subtle"
          size="compact-xs"
          aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? "Only the latest" : `Show ${history.length - latestRuns} earlier`}
        </Button>
      )}
    </Panel>
  );
}

function startedAt(run: Progress): string {
  const startedAt = run.started_at ?? run.activities[0]?.timestamp;
  return startedAt === undefined ? "just now" : formatTimeOfDay(startedAt);
}

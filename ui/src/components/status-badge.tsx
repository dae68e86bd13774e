import type { RunStatus } from "backend-api";
import styles from "./status-badge.module.css";

const labels: Record<RunStatus, string> = {
  pending: "Pending",
  running: "Running",
  awaiting_consent: "Waiting for consent",
  completed: "Completed",
  failed: "Failed",
};

/** Status of a run or one of its steps, in words and colour. */
export function StatusBadge({ status }: { status: RunStatus }) {
  return (
    <span className={styles.badge} data-status={status}>
      {labels[status]}
    </span>
  );
}

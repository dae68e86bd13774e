import type { RunStatus } from "backend-api";
import styles from "./status-badge.module.css";

const labels: Record<RunStatus, string> = {
  pending: "Pending",
  running: "Running",
  awaiting_consent: "Waiting for consent",
  completed: "Completed",
  failed: "Failed",
};

interface StatusBadgeProps {
  status: RunStatus;
  /** Whether a person has refused, which is an outcome rather than a failure. */
  isDenied?: boolean;
}

/** Status of a run or one of its steps, in words and colour. */
export function StatusBadge({ status, isDenied = false }: StatusBadgeProps) {
  return (
    <span className={styles.badge} {...(isDenied ? { "data-tone": "waiting" } : { "data-status": status })}>
      {isDenied ? "Not allowed" : labels[status]}
    </span>
  );
}

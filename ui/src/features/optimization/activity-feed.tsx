import type { Activity } from "backend-api";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { StatusBadge } from "../../components/status-badge.tsx";
import styles from "./activity-feed.module.css";
import { actionLabel, agentLabel } from "./activity-wording.ts";

interface ActivityFeedProps {
  activities: readonly Activity[];
  /** Whether the backend has yet to report if the agent accepts the run. */
  isStarting: boolean;
}

/** The latest step of the run in words; when open, all steps in order. */
export function ActivityFeed({ activities, isStarting }: ActivityFeedProps) {
  const latest = activities.at(-1);
  if (latest === undefined) {
    return (
      <p className="small" data-testid="activity-feed">
        Agent activity: {isStarting ? "the steps appear here once the agent has responded." : "no steps yet."}
      </p>
    );
  }
  return (
    <details data-testid="activity-feed">
      <summary className="small">
        Agent activity: {activities.length === 1 ? "1 step" : `${activities.length} steps`}, the latest:{" "}
        {actionLabel(latest)}
      </summary>
      <ol className={styles.feed}>
        {activities.map((activity) => (
          <li key={activity.id} className={styles.row}>
            <time className="small" dateTime={activity.timestamp}>
              {formatTimeOfDay(activity.timestamp)}
            </time>
            <span className={styles.what}>
              <span className={styles.action}>{actionLabel(activity)}</span>
              <span className={`small ${styles.agent}`}>{agentLabel(activity)}</span>
            </span>
            <StatusBadge status={activity.status} />
          </li>
        ))}
      </ol>
    </details>
  );
}

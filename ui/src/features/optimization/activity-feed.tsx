import type { Activity } from "backend-api";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { ProtocolSteps } from "../../components/protocol-steps.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import styles from "./activity-feed.module.css";
import { actionLabel, agentLabel } from "./activity-wording.ts";

interface ActivityFeedProps {
  activities: readonly Activity[];
  hasRun: boolean;
  /** The backend has not yet reported whether the agent accepted the run. */
  isStarting: boolean;
  shownId: number | undefined;
  /** Wire profile of the demo. */
  profile: string | undefined;
  onPick: (id: number) => void;
}

/** The steps of the run in order. Picking one shows its details below. */
export function ActivityFeed({
  activities,
  hasRun,
  isStarting,
  shownId,
  profile,
  onPick,
}: ActivityFeedProps) {
  return (
    <Panel
      title="Agent Activity Feed"
      aside={activities.length > 0 && `${activities.length} ${activities.length === 1 ? "step" : "steps"}`}
      testId="activity-feed"
    >
      {!hasRun && (
        <>
          <p className="note">
            Start an optimization and every step appears here as it happens. With an auth token a run looks
            like this. It is shorter when a signature is enough or a token is cached:
          </p>
          <ProtocolSteps profile={profile} />
        </>
      )}
      {hasRun && activities.length === 0 && (
        <p className="note">
          {isStarting ? "The steps appear here once the agent has responded." : "No steps yet."}
        </p>
      )}
      <ol className={styles.feed}>
        {activities.map((activity) => (
          <li key={activity.id}>
            <button
              type="button"
              className={styles.row}
              aria-pressed={activity.id === shownId}
              onClick={() => onPick(activity.id)}
            >
              <time className="small" dateTime={activity.timestamp}>
                {formatTimeOfDay(activity.timestamp)}
              </time>
              <span className={styles.what}>
                <span className={styles.action}>{actionLabel(activity)}</span>
                <span className={`small ${styles.agent}`}>{agentLabel(activity)}</span>
              </span>
              <StatusBadge status={activity.status} />
            </button>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

import type { Activity } from "backend-api";
import { lazy, type Ref, Suspense } from "react";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { actionLabel, agentLabel, tokenFacts } from "./activity-wording.ts";
import styles from "./agent-response.module.css";

// The Markdown reader is a third of the page's script and nobody needs it before the first answer.
const Markdown = lazy(() => import("../../components/markdown.tsx"));

/** The details of one activity, with whom it was done for. */
export function AgentResponse({
  activity,
  headingRef,
}: {
  activity: Activity;
  headingRef?: Ref<HTMLHeadingElement>;
}) {
  return (
    <Panel
      title="Selected Agent Response"
      aside={`${actionLabel(activity)}, ${formatTimeOfDay(activity.timestamp)}`}
      {...(headingRef ? { headingRef } : {})}
      testId="agent-response"
    >
      {activity.details === "" ? (
        <p className={styles.none}>This step left no details.</p>
      ) : (
        <Suspense fallback={<p className={styles.none}>Preparing the response…</p>}>
          <Markdown text={activity.details} />
        </Suspense>
      )}
      <dl className={styles.delegation}>
        <Fact name="By" value={agentLabel(activity)} />
        {tokenFacts(activity).map(([name, value]) => (
          <Fact key={name} {...{ name, value }} />
        ))}
      </dl>
    </Panel>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

import type { Activity } from "backend-api";
import { type Ref, Suspense, useEffect } from "react";
import { Facts } from "../../components/facts.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { loadLater } from "../../components/load-later.tsx";
import { Panel } from "../../components/panel.tsx";
import { actionLabel, agentLabel, tokenFacts } from "./activity-wording.ts";

// The Markdown renderer is a third of the page's script and not needed before the first response.
const loadMarkdown = () => import("../../components/markdown.tsx");
const Markdown = loadLater(loadMarkdown);

/** Preloads what {@link AgentResponse} needs when a run ends. */
export function preloadResponse(): void {
  // If this fails, the response fetches it again and reports a second failure.
  loadMarkdown().catch(() => {});
}

interface AgentResponseProps {
  activity: Activity;
  headingRef?: Ref<HTMLHeadingElement>;
  /** Called when the details are on the page, which may be later than the panel. */
  onShown: () => void;
}

/** The details of one activity and the user it was done for. */
export function AgentResponse({ activity, headingRef, onShown }: AgentResponseProps) {
  return (
    <Panel
      title="Selected Agent Response"
      aside={`${actionLabel(activity)}, ${formatTimeOfDay(activity.timestamp)}`}
      {...(headingRef ? { headingRef } : {})}
      testId="agent-response"
    >
      <Suspense fallback={<p className="note">Preparing the response…</p>}>
        {activity.details === "" ? (
          <p className="note">This step left no details.</p>
        ) : (
          <Markdown text={activity.details} />
        )}
        <Shown onShown={onShown} />
      </Suspense>
      <Facts
        className="facts"
        facts={[
          { name: "By", value: agentLabel(activity) },
          ...tokenFacts(activity).map(([name, value]) => ({ name, value })),
        ]}
      />
    </Panel>
  );
}

/** Reports when everything in the same `Suspense` is on the page. */
function Shown({ onShown }: { onShown: () => void }) {
  useEffect(onShown, [onShown]);
  return null;
}

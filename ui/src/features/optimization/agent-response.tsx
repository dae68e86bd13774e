import type { Activity } from "backend-api";
import { Suspense } from "react";
import { Facts } from "../../components/facts.tsx";
import { loadLater } from "../../components/load-later.tsx";
import { agentLabel, tokenFacts } from "./activity-wording.ts";

// The Markdown renderer is a third of the page's script, and not needed before the first response.
const loadMarkdown = () => import("../../components/markdown.tsx");
const Markdown = loadLater(loadMarkdown);

/** Preloads the renderer that {@link AgentResponse} needs when a run ends. */
export function preloadResponse(): void {
  // If this fails, the response fetches it again and reports a second failure.
  loadMarkdown().catch(() => {});
}

/** The agents' report, and the user for whom it was made. */
export function AgentResponse({ activity }: { activity: Activity }) {
  return (
    <div className="column" data-testid="agent-response">
      <Suspense fallback={<p className="note">Preparing the response…</p>}>
        {activity.details === "" ? (
          <p className="note">This step left no details.</p>
        ) : (
          <Markdown text={activity.details} />
        )}
      </Suspense>
      <Facts
        className="facts"
        facts={[
          { name: "By", value: agentLabel(activity) },
          ...tokenFacts(activity).map(([name, value]) => ({ name, value })),
        ]}
      />
    </div>
  );
}

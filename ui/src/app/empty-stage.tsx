import { Panel } from "../components/panel.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";

/** The stage before the first run: describes the messages to come. */
export function EmptyStage({ config }: { config: RuntimeConfig }) {
  const { mode } = runningVersion(config);
  return (
    <Panel title="What will happen">
      <p>{mode?.sentence} Press the button, and each message appears here with the checks it passed.</p>
      <ProtocolSteps profile={config.profile} mode={config.mode} />
      <p className="note">
        <a href="/compare.html">Compare a run in February 2026 and in draft&nbsp;-11</a>
      </p>
    </Panel>
  );
}

import { grantsPageUrl, type RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { GUIDE } from "./build-yours.tsx";

/** Mode of each version that asks the user. */
const ASKING = { "february-2026": "user-delegated", "draft-11": "person-server" } as const;
const ASKS: ReadonlySet<string> = new Set([...Object.values(ASKING), "federated"]);

interface NextStepsProps {
  config: RuntimeConfig;
  /** Whether the page has an order panel. */
  mayOrder: boolean;
}

/** Next steps after a run, in one line. */
export function NextSteps({ config, mayOrder }: NextStepsProps) {
  const { name, mode } = runningVersion(config);
  const grants = grantsPageUrl(config);
  return (
    <nav className="card dense line" aria-label="Next steps">
      <strong>Next:</strong>
      {mode && !ASKS.has(mode.name) && (
        <span>
          mode <code>{ASKING[name]}</code>, which asks you first and needs a restart of the demo: its command
          is in the menu above
        </span>
      )}
      {mayOrder && <a href="#order">Order laptops</a>}
      <a href="#delegates">Let a delegate act</a>
      {grants !== undefined && <a href={grants}>What you granted</a>}
      <a href={GUIDE}>The guide</a>
    </nav>
  );
}

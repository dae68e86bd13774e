import { useState } from "react";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { ModeList } from "./mode-list.tsx";
import styles from "./version-menu.module.css";

const PANEL_ID = "versions";

/**
 * Version and mode of this demo, and a way to the others. The panel is a native
 * popover, which the browser also closes on Escape and on a click outside.
 */
export function VersionMenu({ config }: { config: RuntimeConfig }) {
  const running = runningVersion(config);
  const [isShown, setShown] = useState(false);
  return (
    <>
      <button type="button" className={styles.opener} popoverTarget={PANEL_ID} data-testid="version">
        <span className="spoken">Version of AAuth: </span>
        <strong>{running.title}</strong>
        {running.mode && <span className={styles.mode}>{running.mode.name}</span>}
        <span aria-hidden="true">▾</span>
      </button>
      <div
        id={PANEL_ID}
        popover="auto"
        onToggle={({ newState }) => setShown(newState === "open")}
        className={styles.panel}
        role="dialog"
        aria-label="Versions and modes"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it (WCAG 2.1.1).
        tabIndex={0}
      >
        {isShown && <ModeList config={config} />}
      </div>
    </>
  );
}

import { CopyButton } from "../components/copy-button.tsx";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion, VERSIONS } from "../config/versions.ts";
import styles from "./version-menu.module.css";

const PANEL_ID = "versions";

/**
 * Version and mode of this demo, and the commands that start the others. The panel is a native
 * popover, which the browser also closes on Escape and on a click outside.
 */
export function VersionMenu({ config }: { config: Pick<RuntimeConfig, "profile" | "mode"> }) {
  const running = runningVersion(config);
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
        className={styles.panel}
        role="dialog"
        aria-label="Versions and modes"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it (WCAG 2.1.1).
        tabIndex={0}
      >
        <p>
          This page belongs to the running demo. Another version or mode needs a restart, on the machine where
          it runs: stop the demo with Ctrl-C and start it again with the command below.
        </p>
        {VERSIONS.map(({ name, title, modes }) => (
          <section key={name} aria-label={title}>
            <h2>{title}</h2>
            <ul className={styles.modes}>
              {modes.map((entry) => {
                const isRunning = entry === running.mode;
                return (
                  <li key={entry.name} aria-current={isRunning ? "true" : undefined}>
                    <h3>
                      {entry.name}
                      {isRunning && <span className={styles.running}>runs now</span>}
                    </h3>
                    <p className="note">{entry.sentence}</p>
                    {!isRunning && <CommandLine command={entry.command} mode={entry.name} />}
                  </li>
                );
              })}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}

/** Breaks only between words, because a hyphen is part of a flag. */
function CommandLine({ command, mode }: { command: string; mode: string }) {
  return (
    <div className={`line ${styles.commandLine}`}>
      <code className={`small ${styles.command}`}>
        {command.split(" ").map((word) => (
          <span key={word}>{word} </span>
        ))}
      </code>
      <CopyButton text={command} what={`command for ${mode}`} />
    </div>
  );
}

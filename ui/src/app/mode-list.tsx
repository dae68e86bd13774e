import { Button } from "@mantine/core";
import type { Failure } from "backend-api";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ModePages } from "topology";
import { BusyButton } from "../components/busy-button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { FailurePanel } from "../components/failure-panel.tsx";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { type Mode, runningVersion, VERSIONS } from "../config/versions.ts";
import { addressWithSecret, launcherOf } from "./launcher.ts";
import styles from "./mode-list.module.css";

/** Each mode of each version, with a button that starts it, or the command where no button can. */
export function ModeList({ config }: { config: RuntimeConfig }) {
  const launcher = launcherOf(config, window.sessionStorage);
  const canPress = typeof launcher !== "string";
  const here = runningVersion(config).mode;
  const [pages, setPages] = useState<ModePages | undefined>(undefined);
  const [busyWith, setBusyWith] = useState<string | undefined>(undefined);
  /** A second press comes before the state of the first is rendered. */
  const isOpening = useRef(false);
  const [failure, setFailure] = useState<{ title: string; failure: Failure } | undefined>(undefined);

  const ask = async (title: string, ...request: Parameters<Exclude<typeof launcher, string>>) => {
    if (!canPress) return undefined;
    const answer = await launcher(...request);
    setFailure("failure" in answer ? { title, failure: answer.failure } : undefined);
    if ("pages" in answer) setPages(answer.pages);
    return "pages" in answer ? answer.pages : undefined;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, as the list is shown
  useEffect(() => void ask("The running modes are not known", "GET"), []);

  const open = async (name: string) => {
    if (isOpening.current) return;
    isOpening.current = true;
    setBusyWith(name);
    const page = await ask(`${name} was not started`, "POST", name);
    setBusyWith(undefined);
    isOpening.current = false;
    const url = page && [page.own, ...page.running].find((running) => running.name === name)?.url;
    if (url !== undefined) window.location.assign(addressWithSecret(url, window.sessionStorage));
  };
  const actionsOf = ({ name, command }: Mode): ReactNode => {
    if (name === here?.name) return <span className={styles.here}>You see it now</span>;
    if (!canPress) return <CommandLine command={command} mode={name} />;
    const isBeside = pages?.running.some((running) => running.name === name);
    const isRunning = isBeside || pages?.own.name === name;
    return (
      <>
        <BusyButton
          size="compact-sm"
          variant={isRunning ? "filled" : "default"}
          busy={busyWith === name}
          disabled={busyWith !== undefined && busyWith !== name}
          aria-label={`${isRunning ? "Open" : "Start"} ${name}`}
          onClick={() => void open(name)}
        >
          {isRunning ? "Open" : "Start"}
        </BusyButton>
        {isBeside && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            aria-label={`Stop ${name}`}
            onClick={() => void ask(`${name} was not stopped`, "DELETE", name)}
          >
            Stop
          </Button>
        )}
      </>
    );
  };

  return (
    <div className="column">
      {!canPress && <p className="note">{launcher} A mode is started with its command.</p>}
      {failure && <FailurePanel {...failure} />}
      <div className={styles.versions}>
        {VERSIONS.map(({ name, title, what, modes }) => (
          <section key={name} aria-label={title}>
            <h3>{what}</h3>
            <ul className={styles.modes}>
              {modes.map((mode) => (
                <li key={mode.name} aria-current={mode === here ? "true" : undefined}>
                  <p>{mode.sentence}</p>
                  <div className="line ends">
                    {/* The command names it, too. */}
                    {(canPress || mode === here) && <code className="small">{mode.name}</code>}
                    <span className="line">{actionsOf(mode)}</span>
                  </div>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
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

import { type ProtocolRun, readProtocolRun } from "protocol-trace/read";
import { useEffect, useState } from "react";
import { BrandMark } from "../components/brand-mark.tsx";
import { NOT_LOADED } from "../components/load-later.tsx";
import { CompareRuns } from "../features/compare/compare-runs.tsx";
import { type Recording, traceOf } from "../features/compare/recording.ts";
import { MessageDetail } from "../features/protocol/message-detail.tsx";
import type { TabName } from "../features/protocol/message-tabs.tsx";
import styles from "./header.module.css";

const MODES = ["person-server", "federated"] as const;
type Mode = (typeof MODES)[number];

/** What each mode adds, and how it is started. */
const WORDS: Readonly<Record<Mode, { label: string; text: string }>> = {
  "person-server": { label: "Person server", text: "The person server decides and issues the auth token." },
  federated: {
    label: "Federated",
    text: "The person server asks the resource’s access server, which issues the auth token.",
  },
};

const LOAD: Readonly<Record<Mode | "february", () => Promise<{ default: unknown }>>> = {
  february: () => import("../features/compare/recorded/february-2026.json"),
  "person-server": () => import("../features/compare/recorded/person-server.json"),
  federated: () => import("../features/compare/recorded/federated.json"),
};

/** The page of both versions: recorded runs, with the same parts as the view of a run. `#federated` names the mode. */
export function CompareApp() {
  const [mode, setMode] = useState<Mode>(() => modeIn(window.location.hash));
  const [runs, setRuns] = useState<{ february: ProtocolRun; draft11: ProtocolRun }>();
  const [hasFailed, setFailed] = useState(false);
  const [tab, setTab] = useState<TabName>("checks");
  useEffect(() => {
    let isCurrent = true;
    Promise.all([readRecorded("february"), readRecorded(mode)]).then(
      ([february, draft11]) => isCurrent && setRuns({ february, draft11 }),
      () => isCurrent && setFailed(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [mode]);
  const pick = (picked: Mode) => {
    setMode(picked);
    window.history.replaceState({}, "", `#${picked}`);
  };

  return (
    <>
      <header className={styles.header}>
        <div className={`line ends ${styles.inner}`}>
          <div className={`line ${styles.brand}`}>
            <BrandMark />
            <a href="/">AAuth demo</a>
          </div>
        </div>
      </header>
      <main className="column" aria-busy={runs === undefined}>
        <div className="column">
          <h1 className="page-title">The same run in February 2026 and in draft -11</h1>
          <p>
            The same task over the same two agents, recorded from runs of this demo: first in February’s
            protocol with the user’s consent and token exchange, then in draft -11. Each row has the messages
            that are for the same thing, and what changed and why. What differs in their headers is marked.
            Open a message for its checks, signature and tokens. Sections are draft -11’s.
          </p>
          <fieldset className="line picks">
            <legend className="spoken">Mode of draft -11</legend>
            {MODES.map((name) => (
              <button key={name} type="button" aria-pressed={name === mode} onClick={() => pick(name)}>
                {WORDS[name].label}
              </button>
            ))}
            <span className="note">{WORDS[mode].text}</span>
          </fieldset>
        </div>
        {hasFailed && <p role="alert">{NOT_LOADED}</p>}
        {runs && (
          <CompareRuns
            {...runs}
            renderMessage={(run, message) => (
              <MessageDetail
                {...{ run, message, tab }}
                nameOf={() => undefined}
                isFinished={true}
                onTab={setTab}
              />
            )}
          />
        )}
      </main>
    </>
  );
}

async function readRecorded(name: Mode | "february"): Promise<ProtocolRun> {
  return readProtocolRun([traceOf((await LOAD[name]()).default as Recording)]);
}

function modeIn(hash: string): Mode {
  return MODES.find((mode) => hash === `#${mode}`) ?? "person-server";
}

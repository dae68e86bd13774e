import { type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import type { Failure } from "backend-api";
import { useEffect, useState } from "react";
import { ApiFailure, describeFailure } from "../api/api-failure.ts";
import { BrandMark } from "../components/brand-mark.tsx";
import { FailurePanel } from "../components/failure-panel.tsx";
import { NOT_LOADED } from "../components/load-later.tsx";
import { formatRunAddress } from "../components/run-address.ts";
import { MAIN_ID, SkipLink } from "../components/skip-link.tsx";
import { CompareRuns } from "../features/compare/compare-runs.tsx";
import { type Recording, traceOf } from "../features/compare/recording.ts";
import { MessageDetail } from "../features/protocol/message-detail.tsx";
import type { TabName } from "../features/protocol/message-tabs.tsx";
import { ColorSchemeToggle } from "./color-scheme-toggle.tsx";
import styles from "./header.module.css";
import type { OwnRun } from "./load-own-run.ts";

const MODES = ["person-server", "federated"] as const;
type Mode = (typeof MODES)[number];

/** Label of each mode, and what the mode adds. */
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

interface RecordedRuns {
  readonly february: ProtocolRun;
  readonly draft11: ProtocolRun;
}

/**
 * The comparison page: two recorded runs, or, with `#run=` and an id, a run of the user beside a
 * recording of the other version. `#federated` selects the mode of draft -11's recording.
 */
export function CompareApp() {
  const [mode, setMode] = useState<Mode>(() => modeIn(window.location.hash));
  const [runId] = useState(() => runIdIn(window.location.hash));
  const [recorded, setRecorded] = useState<RecordedRuns>();
  const [hasFailed, setFailed] = useState(false);
  // The user's run, or why it cannot be shown.
  const [own, setOwn] = useState<OwnRun | Failure>();
  const [tab, setTab] = useState<TabName>("checks");
  useEffect(
    () =>
      whileCurrent(
        Promise.all([readRecorded("february"), readRecorded(mode)]),
        ([february, draft11]) => setRecorded({ february, draft11 }),
        () => setFailed(true),
      ),
    [mode],
  );
  useEffect(() => (runId === undefined ? undefined : whileCurrent(readOwn(runId), setOwn)), [runId]);
  const problem = own && !("run" in own) ? own : undefined;
  const runs = recorded && (own || runId === undefined) ? beside(recorded, own) : undefined;
  const pick = (picked: Mode) => {
    setMode(picked);
    if (runId === undefined) window.history.replaceState({}, "", `#${picked}`);
  };

  return (
    <>
      <SkipLink />
      <header className={styles.header}>
        <div className={`line ends ${styles.inner}`}>
          <div className={`line ${styles.brand}`}>
            <BrandMark />
            <a href="/">AAuth demo</a>
          </div>
          <ColorSchemeToggle />
        </div>
      </header>
      <main id={MAIN_ID} tabIndex={-1} className="column" aria-busy={runs === undefined}>
        <div className="column">
          <h1 className="page-title">The same run in February 2026 and in draft -11</h1>
          {runs?.own === undefined ? (
            <p>
              The same task with the same two agents, recorded from runs of this demo: first in February’s
              protocol with the user’s consent and token exchange, then in draft -11. Each row shows the
              messages with the same purpose, what changed, and why. Differences in their headers are marked.
              Open a message for its checks, signature and tokens. Section numbers refer to draft -11.
            </p>
          ) : (
            <p>
              Your run{" "}
              <a href={`/${formatRunAddress({ kind: "run", requestId: runId ?? "" })}`}>
                <code>{runId?.slice(0, 8)}</code>
              </a>{" "}
              beside a recorded run in the other version. Each row shows the messages with the same purpose,
              what changed, and why. Section numbers refer to draft -11.
            </p>
          )}
          {problem && (
            <FailurePanel title="Your run cannot be shown: these are recordings" failure={problem} />
          )}
          {runs?.own !== "draft11" && (
            <fieldset className="line picks">
              <legend className="spoken">Mode of draft -11</legend>
              {MODES.map((name) => (
                <button key={name} type="button" aria-pressed={name === mode} onClick={() => pick(name)}>
                  {WORDS[name].label}
                </button>
              ))}
              <span className="note">{WORDS[mode].text}</span>
            </fieldset>
          )}
        </div>
        {hasFailed && <p role="alert">{NOT_LOADED}</p>}
        {runs && (
          <CompareRuns
            {...runs}
            renderMessage={(run, message) => (
              <MessageDetail
                run={run}
                message={message}
                tab={tab}
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

const SIGNED_OUT: Failure = {
  code: "session_lapsed",
  message: "You are not signed in in this tab.",
  advice:
    "To see your own run, sign in on the demo’s page in this tab and open the comparison from the run’s page.",
};

async function readOwn(runId: string): Promise<OwnRun | Failure> {
  try {
    const { loadOwnRun } = await import("./load-own-run.ts");
    return await loadOwnRun(runId);
  } catch (error) {
    const isSignedOut = error instanceof ApiFailure && error.kind === "session_lapsed";
    return isSignedOut ? SIGNED_OUT : describeFailure(error);
  }
}

/** The recordings, with one replaced by the user's run. */
function beside(
  recorded: RecordedRuns,
  own: OwnRun | Failure | undefined,
): RecordedRuns & { own?: keyof RecordedRuns } {
  if (own === undefined || !("run" in own)) return recorded;
  const side = own.profile === "draft-11" ? "draft11" : "february";
  return { ...recorded, [side]: own.run, own: side };
}

/** Passes on a result unless the returned function has been called. */
function whileCurrent<Value>(
  result: Promise<Value>,
  onValue: (value: Value) => void,
  onError?: () => void,
): () => void {
  let isCurrent = true;
  result.then(
    (value) => isCurrent && onValue(value),
    () => isCurrent && onError?.(),
  );
  return () => {
    isCurrent = false;
  };
}

/** Undefined for any other address. */
function runIdIn(hash: string): string | undefined {
  return /^#run=([A-Za-z0-9-]{1,100})$/.exec(hash)?.[1];
}

async function readRecorded(name: Mode | "february"): Promise<ProtocolRun> {
  return readProtocolRun([traceOf((await LOAD[name]()).default as Recording)]);
}

function modeIn(hash: string): Mode {
  return MODES.find((mode) => hash === `#${mode}`) ?? "person-server";
}

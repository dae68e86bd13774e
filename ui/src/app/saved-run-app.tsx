import { SavedRunError, unpackRun } from "aauth-explain";
import { useEffect, useState } from "react";
import { BrandMark } from "../components/brand-mark.tsx";
import { MAIN_ID, SkipLink } from "../components/skip-link.tsx";
import { type JudgedRun, judgedRun } from "../features/explain/saved-run.ts";
import { SavedRunView } from "./saved-run-view.tsx";
import styles from "./why-app.module.css";

/** The file of a saved run, which verifies itself and makes no request. */
export function SavedRunApp({ data }: { data: string }) {
  const [judged, setJudged] = useState<JudgedRun>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    judge(data).then(setJudged, (error: unknown) => setProblem(problemOf(error)));
  }, [data]);
  return (
    <div className={styles.page}>
      <SkipLink />
      <header className={styles.header}>
        <div className={`line ${styles.wide}`}>
          <BrandMark />
          <strong>AAuth</strong>
        </div>
      </header>
      <main id={MAIN_ID} tabIndex={-1} className={`column ${styles.wide}`}>
        {judged && <SavedRunView judged={judged} isFile />}
        {problem !== undefined && (
          <>
            <h1 className={styles.title}>A run of AAuth</h1>
            <p className="outcome" data-outcome="refused" data-testid="saved-summary">
              {problem}
            </p>
          </>
        )}
      </main>
      <footer className={`note ${styles.wide}`}>This page makes no request.</footer>
    </div>
  );
}

async function judge(data: string): Promise<JudgedRun> {
  if (!("DecompressionStream" in globalThis) || globalThis.crypto?.subtle === undefined) throw TOO_OLD;
  return judgedRun(await unpackRun(data));
}

const TOO_OLD =
  "This browser is too old to open the file: it lacks DecompressionStream or WebCrypto. npm run explain does the same in a terminal.";

function problemOf(error: unknown): string {
  if (error === TOO_OLD) return TOO_OLD;
  return error instanceof SavedRunError ? `${error.code}: ${error.message}` : "The file cannot be shown.";
}

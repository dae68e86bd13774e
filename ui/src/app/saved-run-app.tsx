import { SavedRunError, unpackRun } from "aauth-explain";
import { useEffect, useState } from "react";
import { type JudgedRun, judgedRun } from "../features/explain/saved-run.ts";
import styles from "./saved-run-view.module.css";
import { SavedRunView } from "./saved-run-view.tsx";
import { WhyFrame } from "./why-frame.tsx";

/** The file of a saved run, which verifies itself and makes no request. */
export function SavedRunApp({ data }: { data: string }) {
  const [judged, setJudged] = useState<JudgedRun>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    judge(data).then(setJudged, (error: unknown) => setProblem(problemOf(error)));
  }, [data]);
  return (
    <WhyFrame isWide footer="This page makes no request.">
      {judged && <SavedRunView judged={judged} isFile />}
      {problem !== undefined && (
        <>
          <h1 className={styles.title}>A run of AAuth</h1>
          <p className="outcome" data-outcome="refused" data-testid="saved-summary">
            {problem}
          </p>
        </>
      )}
    </WhyFrame>
  );
}

async function judge(data: string): Promise<JudgedRun> {
  if (globalThis.crypto?.subtle === undefined) throw TOO_OLD;
  return judgedRun(await unpackRun(data));
}

const TOO_OLD =
  "This browser is too old to open the file: it lacks WebCrypto. npm run explain does the same in a terminal.";

function problemOf(error: unknown): string {
  if (error === TOO_OLD) return TOO_OLD;
  return error instanceof SavedRunError ? `${error.code}: ${error.message}` : "The file cannot be shown.";
}

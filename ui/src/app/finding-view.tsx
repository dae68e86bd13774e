import { type ReactNode, useMemo, useState } from "react";
import { CopyButton } from "../components/copy-button.tsx";
import { Facts } from "../components/facts.tsx";
import { type Finding, findingText, shownFinding } from "../features/explain/finding.ts";
import { MessageTabs, type TabName } from "../features/protocol/message-tabs.tsx";
import styles from "./finding-view.module.css";

interface FindingViewProps {
  finding: Finding;
  /** Whether the finding's title is shown above its verdict. Default false. */
  isTitled?: boolean;
  /** Below the facts. */
  children?: ReactNode;
}

/** A finding: verdict, sentence, remedy and facts, and the message in tabs. */
export function FindingView({ finding, isTitled = false, children }: FindingViewProps) {
  const [withSecrets, setWithSecrets] = useState(false);
  const [tab, setTab] = useState<TabName>("checks");
  const shown = useMemo(() => shownFinding(finding, withSecrets), [finding, withSecrets]);
  const { verdict, outcome, sentence, remedy, facts, message, run, source, second } = shown;
  return (
    <article className="card column" aria-label="Explanation" data-testid="finding">
      {isTitled && <h2 className="breakable">{shown.title}</h2>}
      <header className={styles.verdict} data-outcome={outcome}>
        <strong className="toned">{verdict}</strong>
        <h2 className="breakable">{sentence}</h2>
      </header>
      {remedy && (
        <p className="breakable" data-testid="remedy">
          <strong>What to change:</strong> {remedy}
        </p>
      )}
      <Facts className={`table ${styles.facts}`} facts={facts} />
      {children}
      <MessageTabs run={run} message={message} tab={tab} source={source} onTab={setTab} second={second} />
      <div className="line ends">
        <label className="line small">
          <input
            type="checkbox"
            checked={withSecrets}
            onChange={({ target }) => setWithSecrets(target.checked)}
          />
          Show and copy tokens and signatures whole
        </label>
        <CopyButton text={findingText(shown, withSecrets)} what="explanation" />
      </div>
    </article>
  );
}

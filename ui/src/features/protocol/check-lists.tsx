import { keySourceInWords, partyName, type VerifierSide } from "protocol-trace/read";
import { SectionLinks } from "../../components/section-links.tsx";
import styles from "./check-lists.module.css";
import { checkLabel } from "./message-wording.ts";

const verdicts = { passed: "passed", challenged: "asks for more", refused: "refused" } as const;
const signs = { passed: "✓", failed: "✕", skipped: "–" } as const;

/** What each gate on the way checked, in the order it did. */
export function CheckLists({ gates }: { gates: readonly VerifierSide[] }) {
  return (
    <div className={styles.gates}>
      {gates.map((gate, index) => (
        // A gate that the message has passed on its way is told in one line, until somebody wants to know.
        <details key={gate.spanId} open={index === gates.length - 1 || gate.verdict !== "passed"}>
          <summary className={styles.gate} data-verdict={gate.verdict}>
            {partyName(gate.party)}: {verdicts[gate.verdict]}
            <span className={styles.count}>{count(gate)}</span>
          </summary>
          <p className={styles.demand}>{demand(gate)}</p>
          <ul className={styles.checks}>
            {gate.checks.map(({ name, verdict, reason, section }) => (
              <li key={name} data-verdict={verdict}>
                <span className={styles.sign} aria-hidden="true">
                  {signs[verdict]}
                </span>
                <span>
                  {checkLabel(name)} <code>{name}</code>
                  <span className={styles.spoken}> {verdict}</span>
                  {reason && <span className={styles.reason}>{reason}</span>}
                </span>
                <SectionLinks section={section} />
              </li>
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

function count({ checks }: VerifierSide): string {
  const passed = checks.filter(({ verdict }) => verdict === "passed").length;
  return `${passed} of ${checks.length} checks passed${passed < checks.length && !checks.some(({ verdict }) => verdict === "failed") ? ", the others do not apply" : ""}`;
}

function demand({ requiredLevel, requiredScope, keySource, agentLevel, errorCode }: VerifierSide): string {
  const parts = [
    requiredLevel && `Demands: ${requiredLevel}${requiredScope ? ` with scope ${requiredScope}` : ""}.`,
    agentLevel && `The caller proved to be ${agentLevel}.`,
    keySource && `The key: ${keySourceInWords(keySource)}.`,
    errorCode && `Error code: ${errorCode}.`,
  ];
  return parts.filter(Boolean).join(" ");
}

import { keySourceInWords, partyName, type VerifierSide } from "aauth-explain/run";
import { SectionLinks } from "../../components/section-links.tsx";
import styles from "./check-lists.module.css";
import { checkLabel } from "./message-wording.ts";

const signs = { passed: "✓", failed: "✕", skipped: "–", challenged: "–" } as const;

const verdictInWords = (verdict: string) => (verdict === "challenged" ? "asks for a token" : verdict);

/** The checks of each verifier, in the order they ran. */
export function CheckLists({ verifiers }: { verifiers: readonly VerifierSide[] }) {
  return (
    <div className="column">
      {verifiers.map((verifier) => (
        <details key={verifier.spanId} open={verifier.verdict === "refused"}>
          <summary className="toned" data-verdict={verifier.verdict}>
            <strong>
              {partyName(verifier.party)}: {verdictInWords(verifier.verdict)}
            </strong>{" "}
            <span className="small">
              {count(verifier)}
              {verifier.replica && `, by ${verifier.replica}`}
            </span>
          </summary>
          <p className="small">{demand(verifier)}</p>
          <ul className={styles.checks}>
            {verifier.checks.map(({ name, verdict, reason, section }) => {
              // The check that asks for a token has not failed.
              const shown =
                verdict === "failed" && verifier.verdict === "challenged" ? "challenged" : verdict;
              return (
                <li key={name} data-verdict={shown}>
                  <span className={`toned ${styles.sign}`} aria-hidden="true">
                    {signs[shown]}
                  </span>
                  <span>
                    {checkLabel(name)} <code>{name}</code>
                    <span className="spoken"> {verdictInWords(shown)}</span>
                    {reason && <span className={`breakable small ${styles.reason}`}>{reason}</span>}
                  </span>
                  <SectionLinks section={section} />
                </li>
              );
            })}
          </ul>
        </details>
      ))}
    </div>
  );
}

function count({ verdict: result, checks }: VerifierSide): string {
  const of = (wanted: string) => checks.filter(({ verdict }) => verdict === wanted).length;
  const [failed, skipped] = [of("failed"), of("skipped")];
  // The heading of a verifier that passed the message says "passed".
  const parts = [`${of("passed")} checks${result === "passed" ? "" : " passed"}`];
  if (failed > 0 && result !== "challenged") parts.push(`${failed} failed`);
  if (skipped > 0)
    parts.push(`${skipped} ${failed > 0 || result === "undecided" ? "skipped" : "not applicable"}`);
  return parts.join(", ");
}

/** Levels of draft -11: a token, or the key of a server. */
const DRAFT_11_LEVELS: Readonly<Record<string, string>> = {
  "agent-token": "an agent token",
  "person-token": "a person token",
  "auth-token": "an auth token",
  server: "the key of a server",
};

const words = (level: string) => DRAFT_11_LEVELS[level] ?? level;

function demand(verifier: VerifierSide): string {
  const { requiredLevel, requiredScope, keySource, agentLevel, errorCode, bodyBound, profile } = verifier;
  const isVerified = verifier.checks.some(
    ({ name, verdict }) => name === "signature" && verdict === "passed",
  );
  const parts = [
    bodyBound === false && `The body is not covered: judged by profile ${profile}.`,
    requiredLevel &&
      `Requires: ${words(requiredLevel)}${requiredScope ? ` with scope ${requiredScope}` : ""}.`,
    agentLevel &&
      (agentLevel in DRAFT_11_LEVELS
        ? `The caller has shown ${words(agentLevel)}.`
        : `The caller is ${agentLevel}.`),
    keySource &&
      `The key ${isVerified ? "that verified it" : "to verify it with"}: ${keySourceInWords(keySource)}.`,
    errorCode && `Error code: ${errorCode}.`,
  ];
  return parts.filter(Boolean).join(" ");
}

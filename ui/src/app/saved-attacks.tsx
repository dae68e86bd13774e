import {
  isRefusedAsRecorded,
  type SavedAttack,
  type SavedBearerSide,
  type SavedVerdict,
} from "aauth-explain";
import type { JudgedAttack } from "../features/explain/saved-run.ts";
import { FindingView } from "./finding-view.tsx";
import { HttpText, Recorded } from "./recorded.tsx";
import styles from "./saved-run-view.module.css";

type Tone = "accepted" | "refused" | "pending";

/** A sentence, and the outcome whose colour it has. */
interface Found {
  readonly tone: Tone;
  readonly text: string;
}

/** Whether its receiver refused an attack. An answer below 400 is not a refusal. */
const isRefused = ({ aauth: { outcome, status = 400 } }: SavedAttack): boolean =>
  outcome === "refused" && status >= 400;

/**
 * Describes the result of verifying an attack again. A refusal confirms the recorded one only if
 * the same check refuses.
 */
export function foundHere(attack: SavedAttack, verdict: SavedVerdict): Found {
  const { state, reason = "" } = verdict;
  if (!isRefused(attack)) {
    const found = { verified: "✓ Valid in this browser.", refused: `✕ Refused in this browser. ${reason}` };
    return {
      tone: "refused",
      text: `Its receiver did not refuse it. ${state === "recorded" ? UNSEEN : found[state]}`,
    };
  }
  if (state === "recorded") return { tone: "pending", text: UNSEEN };
  if (state === "verified") return { tone: "pending", text: VALID_HERE };
  return isRefusedAsRecorded(attack, verdict)
    ? { tone: "accepted", text: `✕ Refused in this browser, too. ${reason}` }
    : { tone: "pending", text: `${REFUSED_OTHERWISE} ${reason}` };
}

const UNSEEN = "Not verified again: the file does not contain the complete message.";
const VALID_HERE =
  "✓ Its signature, and the token that it is signed with, are valid in this browser. Its receiver refuses it for a reason that this message alone does not show, such as an earlier copy of it, or what the route requires.";
const REFUSED_OTHERWISE =
  "Refused in this browser by a different check, because it is verified as of the time of its signature. The recorded reason is not confirmed.";

/** The attacks in a sentence, and whether one of them was not refused. */
export function attackSummary(attacks: readonly JudgedAttack[]): { text: string; isBad: boolean } {
  const tones = attacks.map(({ attack, verdict }) => foundHere(attack, verdict).tone);
  const count = (wanted: Tone) => tones.filter((tone) => tone === wanted).length;
  const parts = [
    [count("accepted"), "refused here, too"],
    [count("pending"), "refused as recorded"],
    [count("refused"), "not refused by the receiver"],
  ] as const;
  const text = parts.flatMap(([number, words]) => (number > 0 ? [`${number} ${words}`] : [])).join(", ");
  return { text: `${text}.`, isBad: count("refused") > 0 };
}

/** The attacks on a run: each on AAuth, and on a bearer token if made there, too. */
export function SavedAttacks({ attacks }: { attacks: readonly JudgedAttack[] }) {
  return (
    <section className="column" id="attacks" aria-label="Attacks">
      <h2>Attacks on this run</h2>
      <p className="note">
        Statuses and descriptions are shown as recorded. This browser’s own findings begin with ✓ or ✕.
      </p>
      {attacks.map((judged, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
        <Attack key={at} judged={judged} />
      ))}
    </section>
  );
}

function Attack({ judged: { attack, verdict, finding, recorded } }: { judged: JudgedAttack }) {
  const { title, what, bearer, aauth } = attack;
  const found = foundHere(attack, verdict);
  return (
    <article className="card column">
      <div>
        <h3>{title}</h3>
        <p className="small">{what}</p>
      </div>
      <div className={styles.sides}>
        {bearer && <BearerSide {...bearer} />}
        <div className="column" data-testid="aauth-side">
          <h4>AAuth</h4>
          <p className="outcome" data-outcome={found.tone}>
            {aauth.status ?? "No status"}: {aauth.sentence}
          </p>
          <p className="toned breakable" data-outcome={found.tone} data-testid="found">
            {found.text}
          </p>
          <details>
            <summary>The message</summary>
            <FindingView finding={finding}>
              <Recorded message={recorded} />
            </FindingView>
          </details>
        </div>
      </div>
    </article>
  );
}

function BearerSide({ status, outcome, exchanges }: SavedBearerSide) {
  return (
    <div className="column" data-testid="bearer-side">
      <h4>Bearer token</h4>
      <p className="outcome" data-outcome={status < 400 ? "refused" : "accepted"}>
        {status}: {outcome}.
      </p>
      <p className="small">Shown as recorded: no key can verify it.</p>
      <details>
        <summary>The messages</summary>
        {exchanges.map(({ sender, request, response }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
          <div key={at} className="column">
            <p>{sender}</p>
            <HttpText {...request} />
            <HttpText {...response} />
          </div>
        ))}
      </details>
    </div>
  );
}

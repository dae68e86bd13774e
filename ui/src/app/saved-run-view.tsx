import type { SavedVerdict } from "aauth-explain";
import { type Message, messageSentence } from "aauth-explain/run";
import { useMemo, useState } from "react";
import { Facts } from "../components/facts.tsx";
import { type JudgedMessage, type JudgedRun, STATES, time } from "../features/explain/saved-run.ts";
import { ProtocolView, type SavedMessages } from "../features/protocol/protocol-view.tsx";
import { FindingView } from "./finding-view.tsx";
import { Recorded } from "./recorded.tsx";
import { attackSummary, SavedAttacks } from "./saved-attacks.tsx";
import styles from "./saved-run-view.module.css";

interface SavedRunViewProps {
  judged: JudgedRun;
  /** Whether the page is the run's own file. Default false. */
  isFile?: boolean;
}

/** A saved run: what this browser finds, the drawing with one message, the attacks and the keys. */
export function SavedRunView({ judged, isFile = false }: SavedRunViewProps) {
  const { saved, drawn, messages, attacks, keys } = judged;
  const [openId, setOpenId] = useState<string | undefined>(firstShown(messages));
  const view = useMemo(() => savedMessages(judged), [judged]);
  const { version, mode } = saved.protocol;
  return (
    <>
      <div>
        <h1 className={styles.title}>
          A run of AAuth {version}
          {mode !== undefined && `, mode ${mode}`}
        </h1>
        <p className="small">
          Recorded as run {saved.requestId.slice(0, 8)}, saved {time(saved.savedAt)}.
        </p>
      </div>
      <Summary judged={judged} />
      {drawn.messages.length > 0 ? (
        <section className="column" aria-label="Messages">
          <ProtocolView run={drawn} openId={openId} saved={view} onOpen={({ id }) => setOpenId(id)} />
          <p className="note">
            Columns, routes and answers show what was recorded. An arrow has ✓ where this browser verified its
            message, and the answer was no refusal.
          </p>
        </section>
      ) : (
        <p>The file has no messages.</p>
      )}
      {attacks.length > 0 && <SavedAttacks attacks={attacks} />}
      {keys.length > 0 && (
        <section className="card column" id="keys" aria-label="Keys to compare">
          <h2>Keys to compare</h2>
          <p>
            The maker of the file chose these keys. Compare their thumbprints (RFC 7638) with those of the
            keys that the parties publish: only then are the names beside them proven.
          </p>
          <Facts
            className="table"
            isCode
            facts={keys.map(({ thumbprint, of }) => ({ name: thumbprint, value: of }))}
          />
          {isFile && (
            <p>
              Do not trust the verdicts of a file from someone else, because its script is theirs, too: verify
              it with <code>npm run explain</code>.
            </p>
          )}
        </section>
      )}
    </>
  );
}

function Summary({ judged: { messages, attacks, keys } }: { judged: JudgedRun }) {
  const count = (state: SavedVerdict["state"]) =>
    messages.filter(({ verdict }) => verdict.state === state).length;
  const [verified, refused] = [count("verified"), count("refused")];
  const repeated = messages.flatMap(({ repeats }, at) =>
    repeats === undefined ? [] : [`Message ${at + 1} is a repetition of message ${repeats}.`],
  );
  const onAttacks = attackSummary(attacks);
  const isBad = refused > 0 || onAttacks.isBad;
  const outcome = isBad ? "refused" : verified > 0 && repeated.length === 0 ? "accepted" : "pending";
  return (
    <div className="outcome column" data-outcome={outcome} data-testid="saved-summary">
      <p>
        <strong>
          {verified} of {messages.length} messages verified in this browser, {refused} refused,{" "}
          {count("recorded")} shown as recorded.
        </strong>{" "}
        {repeated.join(" ")}
      </p>
      {attacks.length > 0 && (
        <p>
          <a href="#attacks">
            {attacks.length} {attacks.length === 1 ? "attack" : "attacks"} on it
          </a>
          : {onAttacks.text}
        </p>
      )}
      {keys.length > 0 && (
        <p>
          <a href="#keys">{keys.length === 1 ? "1 key" : `${keys.length} keys`}</a> chosen by the file’s
          maker, to be compared by thumbprint: {keys.map(({ thumbprint }) => thumbprint).join(", ")}
        </p>
      )}
    </div>
  );
}

/** A message that is refused here, else the last verified one, which has the most to show. */
function firstShown(messages: readonly JudgedMessage[]): string | undefined {
  const refused = messages.findIndex(({ verdict }) => verdict.state === "refused");
  const at = refused >= 0 ? refused : messages.findLastIndex(({ verdict }) => verdict.state === "verified");
  return messages.length === 0 ? undefined : `message-${Math.max(at, 0) + 1}`;
}

function savedMessages({ messages }: JudgedRun): SavedMessages {
  const of = ({ number }: Message) => messages[number - 1]!;
  /** A verified message has the names that its signature proves. */
  const names = (message: Message) => {
    const { verdict, recorded } = of(message);
    const { proven } = verdict;
    return proven
      ? { from: proven.signer, to: proven.authority, what: `${proven.method} ${proven.target}` }
      : recorded;
  };
  return {
    sentenceOf: (message) => {
      const { verdict, finding, recorded } = of(message);
      if (verdict.state === "recorded") return recorded.sentence;
      const { from, to } = names(message);
      return verdict.state === "verified" ? messageSentence({ ...message, from, to }) : finding.sentence;
    },
    spokenOf: (message, total) => {
      const { from, to, what } = names(message);
      const { verdict, repeats } = of(message);
      const again = repeats === undefined ? "" : `, a repetition of message ${repeats}`;
      return `Message ${message.number} of ${total}: ${from} to ${to}, ${what}: ${STATES[verdict.state]}${again}`;
    },
    renderDetail: (message) => <Detail key={message.id} number={message.number} judged={of(message)} />,
  };
}

/** For a verified message, the words of the file's maker are only under "What was recorded". */
function Detail({ number, judged }: { number: number; judged: JudgedMessage }) {
  const { finding, recorded } = judged;
  return (
    <FindingView finding={{ ...finding, title: `${number}. ${finding.title}` }} isTitled>
      <Recorded message={recorded} isOpen={finding.message.signer === undefined} />
    </FindingView>
  );
}

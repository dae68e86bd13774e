import {
  type Meaning,
  type Message,
  messageAnswers,
  messageMeaning,
  type ProtocolRun,
  partyName,
  type UserNames,
} from "aauth-explain/run";
import { type Fact, Facts } from "../../components/facts.tsx";
import { formatDuration } from "../../components/format-time.ts";
import { SectionLinks } from "../../components/section-links.tsx";
import styles from "./message-detail.module.css";
import { MessageTabs, type TabName } from "./message-tabs.tsx";
import { outcomeLabel, routeLabel } from "./message-wording.ts";

interface MessageDetailProps {
  run: ProtocolRun;
  message: Message;
  /** Display names of users. */
  nameOf: UserNames;
  /** Whether the trace is complete. */
  isFinished: boolean;
  tab: TabName;
  onTab: (tab: TabName) => void;
  /** Reason why this message is open if the user did not select it. */
  why?: string | undefined;
}

/** One message: questions with their answers, and below them the recorded data. */
export function MessageDetail(props: MessageDetailProps) {
  const { run, message, nameOf, isFinished, tab, onTab, why } = props;
  const answers = messageAnswers(message, nameOf);
  const meaning = messageMeaning(message, run);
  const questions: Fact[] = [
    ...(meaning
      ? [{ name: "What is this?", value: <Explained {...meaning.request} title={meaning.title} /> }]
      : []),
    { name: "Who signed this?", value: answers.signedBy },
    { name: "With which key?", value: answers.key },
    { name: "For whom?", value: answers.onBehalfOf },
    { name: "Allowed by what?", value: answers.allowedBy },
    ...(meaning?.answer
      ? [{ name: "What does the answer say?", value: <Explained {...meaning.answer} /> }]
      : []),
    { name: "What was the outcome?", value: answers.verdict },
  ];
  return (
    <article className={`column ${styles.detail}`} data-testid="message-detail">
      <header>
        <h3>
          {message.number}. {routeLabel(message)}
          <span className={styles.what}>{message.what}</span>
        </h3>
        <p className="chips small">
          <strong className="toned" data-outcome={message.outcome}>
            {outcomeLabel(message)}
          </strong>
          {message.status !== undefined && <span>status {message.status}</span>}
          {message.replica && <span>served by {message.replica}</span>}
          <span>{formatDuration(message.endMicros - message.startMicros)}</span>
          {message.attempt !== undefined && message.attempt > 1 && (
            <span>
              attempt {message.attempt}
              {retryWording(message)}
            </span>
          )}
        </p>
      </header>

      {why && <p className="note">{why}</p>}
      <Facts
        className={`table ${styles.answers}`}
        facts={questions}
        data-outcome={message.outcome}
        data-testid="message-answers"
      />
      {message.verifiers.length === 0 && message.signer?.scheme && (
        <p className="note">{noChecks(message, isFinished)}</p>
      )}
      {message.outcome === "refused" && (
        <p className="small">
          For a message of your own: <a href="/why.html#demo">Why was this refused?</a>
        </p>
      )}
      <MessageTabs run={run} message={message} tab={tab} onTab={onTab} />
    </article>
  );
}

/** Explanation of one side of an exchange, with the sections that define it. */
function Explained({ title, text, sections }: Meaning & { title?: string }) {
  return (
    <>
      {title && <strong className={styles.title}>{title}</strong>}
      {text}
      <span className={styles.sections}>
        {sections.map((section) => (
          <SectionLinks key={section} section={section} />
        ))}
      </span>
    </>
  );
}

/** Reason why there are no checks to show. A party whose span has arrived will record no more. */
function noChecks({ to, isReceived }: Message, isFinished: boolean): string {
  const party = partyName(to);
  return isReceived || isFinished
    ? `${party} recorded no checks for this message.`
    : `${party} has recorded no checks for this message yet. They appear here when its spans arrive.`;
}

function retryWording({ retryReason: reason, signer }: Message): string {
  if (reason === "identity" && signer?.token?.kind === "aa-person+jwt") return ", now with the person token";
  if (reason === "authorization") return ", now with the auth token";
  if (reason === "identity") return ", now with its name";
  if (reason === "token_refused") return ", without the token that was refused";
  return "";
}

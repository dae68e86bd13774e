import { Button } from "@mantine/core";
import { type Message, messageAnswers, type ProtocolRun, partyName } from "protocol-trace/read";
import { type Ref, useState } from "react";
import { CheckLists } from "./check-lists.tsx";
import { HttpView } from "./http-view.tsx";
import styles from "./message-detail.module.css";
import { milliseconds, outcomeLabel, routeLabel } from "./message-wording.ts";
import { SectionText } from "./section-text.tsx";
import { SignatureView } from "./signature-view.tsx";
import { TokenList } from "./token-list.tsx";

interface MessageDetailProps {
  run: ProtocolRun;
  message: Message;
  headingRef?: Ref<HTMLHeadingElement>;
  /** Absent where there is nothing to step to. */
  onStep?: (message: Message) => void;
}

/** Everything that is known of one message, the five answers first. */
export function MessageDetail({ run, message, headingRef, onStep }: MessageDetailProps) {
  const [section, setSection] = useState<string | undefined>(undefined);
  const answers = messageAnswers(message);
  const index = run.messages.indexOf(message);
  const questions: [string, string][] = [
    ["Who signed this?", answers.signedBy],
    ["With which key?", answers.key],
    ["For whom?", answers.onBehalfOf],
    ["Allowed by what?", answers.allowedBy],
    ["What became of it?", answers.verdict],
  ];
  return (
    <article className={styles.detail} data-testid="message-detail">
      <header className={styles.head}>
        <div>
          <h3 ref={headingRef} tabIndex={-1}>
            {message.number}. {routeLabel(message)}
          </h3>
          <p className={styles.facts}>
            <span className={styles.outcome} data-outcome={message.outcome}>
              {outcomeLabel(message.outcome)}
            </span>
            {message.status !== undefined && <span>status {message.status}</span>}
            <span>{milliseconds(message.endMicros - message.startMicros)}</span>
            {message.attempt !== undefined && message.attempt > 1 && (
              <span>
                attempt {message.attempt}
                {retryWording(message.retryReason)}
              </span>
            )}
          </p>
        </div>
        {onStep && (
          <div className={styles.steps}>
            <Step label="Previous" target={run.messages[index - 1]} onStep={onStep} />
            <Step label="Next" target={run.messages[index + 1]} onStep={onStep} />
          </div>
        )}
      </header>

      <dl className={styles.answers} data-outcome={message.outcome} data-testid="message-answers">
        {questions.map(([question, answer]) => (
          <div key={question}>
            <dt>{question}</dt>
            <dd>{answer}</dd>
          </div>
        ))}
      </dl>

      {message.verifiers.length > 0 && (
        <details open>
          <summary>Checks</summary>
          <CheckLists gates={message.verifiers} onSection={setSection} />
          {isRefusedByPolicy(message) && (
            <p className={styles.policy}>
              Then {partyName(message.stoppedAt ?? message.to)} asked its own policy, which refused the caller
              with status {message.status}.
            </p>
          )}
        </details>
      )}
      {message.verifiers.length === 0 && message.signer && (
        <p className={styles.note}>
          {partyName(message.to)} has recorded no checks for this message. They appear here when its spans
          arrive.
        </p>
      )}
      {message.signer && (
        <details open>
          <summary>Signature</summary>
          <SignatureView message={message} signer={message.signer} />
        </details>
      )}
      <TokenList run={run} message={message} />
      <details>
        <summary>Request and response</summary>
        <HttpView message={message} />
      </details>
      {section !== undefined && <SectionText section={section} onClose={() => setSection(undefined)} />}
    </article>
  );
}

function isRefusedByPolicy({ outcome, verifiers }: Message): boolean {
  return outcome === "refused" && verifiers.every(({ verdict }) => verdict === "passed");
}

function Step(props: { label: string; target: Message | undefined; onStep: (message: Message) => void }) {
  const { label, target, onStep } = props;
  return (
    <Button
      variant="default"
      size="compact-sm"
      disabled={target === undefined}
      onClick={() => target && onStep(target)}
    >
      {label}
    </Button>
  );
}

function retryWording(reason: string | undefined): string {
  if (reason === "authorization") return ", now with the auth token";
  if (reason === "identity") return ", now with its name";
  if (reason === "token_refused") return ", without the token that was refused";
  return "";
}

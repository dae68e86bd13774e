import { useCallback, useState } from "react";
import type { ApiClient } from "../../api/client.ts";
import { getAttemptTrace } from "../../api/trace-calls.ts";
import styles from "./attempt-view.module.css";
import { MessageDetail } from "./message-detail.tsx";
import { SequencePicture } from "./sequence-picture.tsx";
import { useRunTrace } from "./use-run-trace.ts";

interface AttemptViewProps {
  client: ApiClient;
  requestId: string;
  traceId: string;
  onSessionLapsed: () => void;
}

/** One attempt to break a run, shown like the run itself. */
export function AttemptView({ client, requestId, traceId, onSessionLapsed }: AttemptViewProps) {
  const fetchTrace = useCallback(
    (signal: AbortSignal) => getAttemptTrace(client, requestId, traceId, signal),
    [client, requestId, traceId],
  );
  const { run, failure } = useRunTrace(fetchTrace, onSessionLapsed);
  const [pickedId, pick] = useState<string | undefined>(undefined);
  if (failure) return <p>{failure.message}</p>;
  // A message that is sent twice is refused the second time.
  const message = run?.messages.find(({ id }) => id === pickedId) ?? run?.messages.at(-1);
  if (!run || !message) return <p className={styles.waiting}>Waiting for the spans of the attempt…</p>;
  return (
    <div className={styles.attempt}>
      <SequencePicture run={run} openId={message.id} onStep={(target) => pick(target.id)} />
      <MessageDetail run={run} message={message} />
    </div>
  );
}

import type { UserNames } from "aauth-explain/run";
import { apiRoutes } from "backend-api";
import { useCallback, useState } from "react";
import type { ApiClient } from "../../api/client.ts";
import { MessageDetail } from "./message-detail.tsx";
import type { TabName } from "./message-tabs.tsx";
import { SequencePicture } from "./sequence-picture.tsx";
import { useRunTrace } from "./use-run-trace.ts";

interface AttemptViewProps {
  client: ApiClient;
  requestId: string;
  traceId: string;
  /** Display names of users. */
  nameOf: UserNames;
}

/** One attempt to break a run, shown like the run itself. */
export function AttemptView({ client, requestId, traceId, nameOf }: AttemptViewProps) {
  const fetchTrace = useCallback(
    (signal: AbortSignal) =>
      client.call(apiRoutes.attemptTrace, { params: { id: requestId, traceId }, signal }),
    [client, requestId, traceId],
  );
  const { run, trace, failure } = useRunTrace(fetchTrace);
  const [pickedId, pick] = useState<string | undefined>(undefined);
  const [tab, setTab] = useState<TabName>("checks");
  if (failure) return <p>{failure.message}</p>;
  const message =
    run?.messages.find(({ id }) => id === pickedId) ??
    run?.messages.find(({ isTampered }) => isTampered) ??
    run?.messages.at(-1);
  if (!run || !message) return <p className="note">Waiting for the messages of the attempt…</p>;
  return (
    <div className="card column">
      <SequencePicture run={run} openId={message.id} onStep={(target) => pick(target.id)} />
      <MessageDetail
        run={run}
        message={message}
        nameOf={nameOf}
        tab={tab}
        isFinished={trace?.growing === false}
        onTab={setTab}
      />
    </div>
  );
}

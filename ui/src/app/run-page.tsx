import { Button, Loader } from "@mantine/core";
import { useCallback, useEffect, useRef } from "react";
import type { ApiClient } from "../api/client.ts";
import { getRunTrace } from "../api/trace-calls.ts";
import { FailurePanel } from "../components/failure-panel.tsx";
import { Panel } from "../components/panel.tsx";
import { formatRunAddress, type RunAddress } from "../components/run-address.ts";
import { BreakIt } from "../features/break-it/break-it.tsx";
import { AttemptView } from "../features/protocol/attempt-view.tsx";
import { ProtocolView } from "../features/protocol/protocol-view.tsx";
import { useRunTrace } from "../features/protocol/use-run-trace.ts";
import { Waterfall } from "../features/traces/waterfall.tsx";
import styles from "./run-page.module.css";
import { replaceRunAddress } from "./use-run-address.ts";

interface RunPageProps {
  client: ApiClient;
  address: RunAddress;
  /** The session has lapsed: nothing can be sent. */
  disabled: boolean;
  onSessionLapsed: () => void;
}

/** Everything that the trace of a run tells. Loaded when it is first asked for. */
export default function RunPage({ client, address, disabled, onSessionLapsed }: RunPageProps) {
  const { requestId, messageId } = address;
  const fetchTrace = useCallback(
    (signal: AbortSignal) => getRunTrace(client, requestId, signal),
    [client, requestId],
  );
  const { trace, run, failure } = useRunTrace(fetchTrace, onSessionLapsed);
  const hrefOf = (id: string) => formatRunAddress({ requestId, messageId: id });
  const step = ({ id }: { id: string }) => replaceRunAddress({ requestId, messageId: id });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <div>
          <a className={styles.back} href="#/">
            ← Back to the workspace
          </a>
          <h2 ref={heading} tabIndex={-1}>
            Every message of run <code title={requestId}>{requestId.slice(0, 8)}</code>
          </h2>
        </div>
        {trace && trace.trace_ids.length > 0 && (
          <div className={styles.links}>
            {trace.trace_ids.map((traceId, index) => (
              <Button
                key={traceId}
                component="a"
                variant="default"
                size="compact-sm"
                href={`${trace.explorer_url}/trace/${traceId}`}
                target="_blank"
                rel="noreferrer noopener"
              >
                Open in Jaeger{trace.trace_ids.length > 1 ? ` (${index + 1})` : ""}
              </Button>
            ))}
          </div>
        )}
      </div>

      {failure && <FailurePanel title="The trace cannot be shown" failure={failure} />}
      {!failure && (!run || run.messages.length === 0) && (
        <Panel title="Messages">
          <p className={styles.waiting} role="status">
            {trace && !trace.growing ? (
              "Nothing is recorded of this run: either tracing is off, or the trace store has forgotten it."
            ) : (
              <>
                <Loader size="xs" type="dots" /> Waiting for the first spans. They come in batches, every few
                seconds.
              </>
            )}
          </p>
        </Panel>
      )}
      {run && run.messages.length > 0 && (
        <>
          <Panel
            title="Messages"
            testId="protocol-view"
            aside={
              trace?.growing
                ? `${run.messages.length}, more may come`
                : `${run.messages.length}; step through with the arrow keys`
            }
          >
            <ProtocolView run={run} openId={messageId} hrefOf={({ id }) => hrefOf(id)} onStep={step} />
          </Panel>
          <Panel
            title="Spans"
            aside={`${run.waterfall.length} in ${run.traceIds.length === 1 ? "one trace" : `${run.traceIds.length} traces`}`}
          >
            <Waterfall run={run} openId={messageId} hrefOf={hrefOf} />
          </Panel>
        </>
      )}
      {trace?.break_it && (
        <Panel title="Try to break it" aside="Each button sends a real request through the gateway">
          <BreakIt
            client={client}
            requestId={requestId}
            offers={trace.break_it}
            disabled={disabled}
            onSessionLapsed={onSessionLapsed}
            renderAttempt={(traceId) => (
              <AttemptView
                client={client}
                requestId={requestId}
                traceId={traceId}
                onSessionLapsed={onSessionLapsed}
              />
            )}
          />
        </Panel>
      )}
    </div>
  );
}

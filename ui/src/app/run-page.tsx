import { Loader } from "@mantine/core";
import { apiRoutes, type Failure, type RunTrace } from "backend-api";
import type { User } from "oidc-client-ts";
import type { ProtocolRun, UserNames } from "protocol-trace/read";
import { useCallback } from "react";
import type { ApiClient } from "../api/client.ts";
import { FailurePanel } from "../components/failure-panel.tsx";
import { Panel } from "../components/panel.tsx";
import { formatRunAddress, type RunAddress } from "../components/run-address.ts";
import { useTitle } from "../components/use-title.ts";
import { BreakIt } from "../features/break-it/break-it.tsx";
import { AttemptView } from "../features/protocol/attempt-view.tsx";
import { ProtocolView } from "../features/protocol/protocol-view.tsx";
import { useRunTrace } from "../features/protocol/use-run-trace.ts";
import { Waterfall } from "../features/traces/waterfall.tsx";
import { RunPageHead } from "./run-page-head.tsx";
import { replaceRunAddress } from "./use-run-address.ts";

interface RunPageProps {
  client: ApiClient;
  /** Wire profile of the demo. */
  profile: string | undefined;
  /** Address of a run, an order, or an attempt to break a run. Another one is another page. */
  address: RunAddress;
  user: User;
  /** The session has lapsed: nothing can be sent. */
  disabled: boolean;
}

/** The protocol view of a trace. Loaded on demand. */
export default function RunPage({ client, profile, address, user, disabled }: RunPageProps) {
  const { kind, requestId, attemptId } = address;
  const fetchTrace = useCallback(
    (signal: AbortSignal) => {
      const params = { id: requestId, traceId: attemptId ?? "" };
      if (attemptId !== undefined) return client.call(apiRoutes.attemptTrace, { params, signal });
      return client.call(kind === "order" ? apiRoutes.orderTrace : apiRoutes.runTrace, { params, signal });
    },
    [client, kind, requestId, attemptId],
  );
  const { trace, run, failure } = useRunTrace(fetchTrace);
  const nameOf = useCallback((sub: string) => (sub === user.profile.sub ? nameIn(user) : undefined), [user]);
  const shownKind = attemptId === undefined ? kind : "attempt";
  useTitle(
    isUnknown(failure)
      ? noSuch(shownKind)
      : `${attemptId === undefined ? "Messages of" : "Attempt to break"} ${kind} ${requestId.slice(0, 8)}`,
  );

  return (
    <div className="column">
      <RunPageHead address={address} trace={trace} />
      {failure && <TraceProblem failure={failure} kind={shownKind} />}
      {!failure && (!run || run.messages.length === 0) && (
        <Panel title="Messages">
          <p className="note" role="status">
            {trace && !trace.growing ? (
              "No trace is recorded. Either tracing is off, or the trace store has dropped it."
            ) : (
              <>
                <Loader size="xs" type="dots" /> Waiting for the first spans. They come in batches, every few
                seconds.
              </>
            )}
          </p>
        </Panel>
      )}
      {run && run.messages.length > 0 && <RecordedRun {...{ address, run, nameOf, trace }} />}
      {trace?.break_it && (
        <BreakIt
          {...{ client, profile, requestId, disabled }}
          offers={trace.break_it}
          addressOf={(traceId) => formatRunAddress({ kind, requestId, attemptId: traceId })}
          renderAttempt={(traceId) => <AttemptView {...{ client, requestId, traceId, nameOf }} />}
        />
      )}
    </div>
  );
}

interface RecordedRunProps {
  address: RunAddress;
  run: ProtocolRun;
  nameOf: UserNames;
  trace: RunTrace | undefined;
}

function RecordedRun({ address, run, nameOf, trace }: RecordedRunProps) {
  const { messageId } = address;
  const count = run.messages.length;
  const hrefOf = (id: string) => formatRunAddress({ ...address, messageId: id });
  return (
    <>
      <Panel
        title="Messages"
        testId="protocol-view"
        aside={trace?.finished ? withKeys(count) : `${count} so far`}
      >
        <ProtocolView
          {...{ run, nameOf }}
          isFinished={trace?.finished === true && !trace.growing}
          openId={messageId}
          hrefOf={({ id }) => hrefOf(id)}
          onStep={({ id }) => replaceRunAddress({ ...address, messageId: id })}
        />
      </Panel>
      <Panel
        title="Spans"
        testId="spans"
        aside={`${run.waterfall.length} in ${run.traceIds.length === 1 ? "one trace" : `${run.traceIds.length} traces`}`}
      >
        <Waterfall
          rows={run.waterfall}
          startMicros={run.startMicros}
          endMicros={run.endMicros}
          openMessageId={messageId}
          renderName={(row, name) =>
            row.messageId === undefined ? name : <a href={hrefOf(row.messageId)}>{name}</a>
          }
        />
      </Panel>
    </>
  );
}

/** The number of messages, and on devices with a keyboard, the keys to step through them. */
function withKeys(count: number) {
  if (count < 2) return count;
  return (
    <>
      {count}
      <span className="only-with-keys">; step through with the arrow keys ← and →</span>
    </>
  );
}

/** An unknown or foreign id is shown as not found, not as a failure. */
function TraceProblem({ failure, kind }: { failure: Failure; kind: RunAddress["kind"] | "attempt" }) {
  if (!isUnknown(failure)) return <FailurePanel title="The trace cannot be shown" failure={failure} />;
  const shown = {
    message: `You have no ${kind} at this address. It does not exist, has been dropped, or belongs to another user.`,
    advice: "Check the address, or sign in as the user who started it.",
  };
  return <FailurePanel title={noSuch(kind)} failure={shown} />;
}

function isUnknown(failure: Failure | undefined): boolean {
  return failure?.code === "http_404";
}

function noSuch(kind: RunAddress["kind"] | "attempt"): string {
  return `No such ${kind}`;
}

function nameIn({ profile }: User): string | undefined {
  return profile.name ?? profile.preferred_username;
}

import { Button, Loader } from "@mantine/core";
import type { RunTrace } from "backend-api";
import type { User } from "oidc-client-ts";
import { type ReactNode, useCallback, useRef } from "react";
import type { ApiClient } from "../api/client.ts";
import { Fold } from "../components/fold.tsx";
import { inPlace } from "../components/in-place.ts";
import { Panel } from "../components/panel.tsx";
import { formatRunAddress, type RunAddress } from "../components/run-address.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { attacksMade } from "../features/break-it/attacks-made.ts";
import { BreakIt } from "../features/break-it/break-it.tsx";
import { useAttempts } from "../features/break-it/use-attempts.ts";
import { AttemptView } from "../features/protocol/attempt-view.tsx";
import { mostTelling } from "../features/protocol/most-telling.ts";
import { ProtocolView } from "../features/protocol/protocol-view.tsx";
import type { RunTraceState } from "../features/protocol/use-run-trace.ts";
import { TakeAlong } from "../features/take-along/take-along.tsx";
import { Waterfall } from "../features/traces/waterfall.tsx";

interface RunStageProps {
  client: ApiClient;
  config: Pick<RuntimeConfig, "profile" | "mode">;
  /** Run, order or attempt on the stage, with its open message. */
  address: RunAddress;
  user: User;
  /** Whether the session has lapsed, so that nothing can be sent. */
  disabled: boolean;
  /** Trace of the run, order or attempt. */
  state: RunTraceState;
  /** Whether a replay starts automatically in a browser that has not shown one. */
  isReplayed: boolean;
  /** Called to open a message. */
  onOpen: (messageId: string) => void;
  /** First parts of the row below the attacks. */
  children?: ReactNode;
}

/** The messages of a run, the attacks on it, its spans, and its exports. */
export function RunStage(props: RunStageProps) {
  const { client, config, address, user, disabled, state, isReplayed, onOpen, children } = props;
  const { kind, requestId, attemptId, messageId } = address;
  const { trace, run } = state;
  const { profile } = config;
  const control = useAttempts(client, requestId, trace?.break_it ?? []);
  const nameOf = useCallback((sub: string) => (sub === user.profile.sub ? nameIn(user) : undefined), [user]);
  const hrefOf = (id: string) => formatRunAddress({ ...address, messageId: id });
  const hasMessages = run !== undefined && run.messages.length > 0;
  const breakIt = useRef<HTMLHeadingElement>(null);

  return (
    <>
      {!hasMessages && <NoMessages state={state} disabled={disabled} />}
      {hasMessages && (
        <Panel
          title="Messages"
          testId="protocol-view"
          aside={
            <div className="line">
              <span>{trace?.finished ? withKeys(run.messages.length) : `${run.messages.length} so far`}</span>
              {trace?.break_it && (
                <Button size="compact-sm" onClick={() => goTo(breakIt.current)}>
                  Now break it
                </Button>
              )}
            </div>
          }
        >
          <ProtocolView
            run={run}
            nameOf={nameOf}
            isFinished={trace?.finished === true && !trace.growing}
            openId={messageId}
            hrefOf={({ id }) => hrefOf(id)}
            isReplayed={isReplayed && state.isStill === true}
            onOpen={({ id }) => onOpen(id)}
          />
        </Panel>
      )}
      {trace?.break_it && (
        <BreakIt
          profile={profile}
          control={control}
          disabled={disabled}
          headingRef={breakIt}
          offers={trace.break_it}
          addressOf={(traceId) => formatRunAddress({ kind, requestId, attemptId: traceId })}
          renderAttempt={(traceId) => (
            <AttemptView client={client} requestId={requestId} traceId={traceId} nameOf={nameOf} />
          )}
        />
      )}
      <div className="parts">
        {children}
        {hasMessages && (
          <Fold
            title="Spans"
            testId="spans"
            aside={`${run.waterfall.length} in ${run.traceIds.length === 1 ? "one trace" : `${run.traceIds.length} traces`}`}
          >
            {trace && <TraceLinks trace={trace} />}
            <Waterfall
              rows={run.waterfall}
              startMicros={run.startMicros}
              endMicros={run.endMicros}
              openMessageId={messageId}
              renderName={({ messageId: id }, name) =>
                id === undefined ? (
                  name
                ) : (
                  <a href={hrefOf(id)} onClick={inPlace(() => onOpen(id))}>
                    {name}
                  </a>
                )
              }
            />
          </Fold>
        )}
        {hasMessages && (
          <Fold title="Take it along" testId="take-along">
            <TakeAlong
              client={client}
              requestId={requestId}
              run={run}
              protocol={protocolOf(config)}
              attacks={attacksMade(control.attempts, profile)}
              hasEvidence={trace?.break_it !== undefined}
              message={run.messages.find(({ id }) => id === messageId) ?? mostTelling(run.messages)?.message}
            />
          </Fold>
        )}
        {hasMessages && kind === "run" && attemptId === undefined && (
          <a href={`/compare.html#run=${requestId}`}>Compare with the other version</a>
        )}
      </div>
    </>
  );
}

/** Scrolls to a heading, from which the next tab stop is the first control below it. */
function goTo(heading: HTMLHeadingElement | null): void {
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "start" });
}

function protocolOf(config: RunStageProps["config"]) {
  const { title, mode } = runningVersion(config);
  return { version: title, ...(mode && { mode: mode.name }) };
}

function NoMessages({ state, disabled }: Pick<RunStageProps, "state" | "disabled">) {
  const { trace, failure } = state;
  return (
    <Panel title="Messages">
      <p className="note" role="status">
        {disabled ? (
          "Sign in again to see the messages."
        ) : failure ? (
          `The messages cannot be read. ${failure.message}`
        ) : trace && !trace.growing ? (
          "No trace is available. Either tracing is off, or the trace store has deleted it."
        ) : (
          <>
            <Loader size="xs" type="dots" /> Waiting for the first messages. They come in batches, every few
            seconds.
          </>
        )}
      </p>
    </Panel>
  );
}

/** Links to the trace store. */
function TraceLinks({ trace: { trace_ids: traceIds, explorer, explorer_url: url } }: { trace: RunTrace }) {
  return (
    <div className="line">
      {traceIds.map((traceId, index) => (
        <Button
          key={traceId}
          component="a"
          variant="default"
          size="compact-sm"
          href={`${url}/trace/${traceId}`}
          target="_blank"
          rel="noreferrer noopener"
        >
          {explorer === "jaeger" ? "Open in Jaeger" : "Open the trace"}
          {traceIds.length > 1 ? ` (${index + 1})` : ""}
        </Button>
      ))}
    </div>
  );
}

/** The number of messages, and on devices with a keyboard, the keys to step through them. */
function withKeys(count: number) {
  if (count < 2) return `${count} message`;
  return (
    <>
      {count} messages
      <span className="only-with-keys">; step through with the arrow keys ← and →</span>
    </>
  );
}

function nameIn({ profile }: User): string | undefined {
  return profile.name ?? profile.preferred_username;
}

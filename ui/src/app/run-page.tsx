import { apiRoutes, type Failure } from "backend-api";
import type { User } from "oidc-client-ts";
import { useCallback } from "react";
import type { ApiClient } from "../api/client.ts";
import { FailurePanel } from "../components/failure-panel.tsx";
import type { RunAddress } from "../components/run-address.ts";
import { useTitle } from "../components/use-title.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { useRunTrace } from "../features/protocol/use-run-trace.ts";
import { RunPageHead } from "./run-page-head.tsx";
import { RunStage } from "./run-stage.tsx";
import { replaceRunAddress } from "./use-run-address.ts";

interface RunPageProps {
  client: ApiClient;
  config: Pick<RuntimeConfig, "profile" | "mode">;
  /** Address of a run, an order, or an attempt to break a run. Use it as the component's key. */
  address: RunAddress;
  user: User;
  /** Whether the session has lapsed, so that nothing can be sent. */
  disabled: boolean;
}

/** The stage of a run, an order or an attempt at its own URL. Loaded on demand. */
export default function RunPage(props: RunPageProps) {
  const { client, config, address } = props;
  const { kind, requestId, attemptId } = address;
  const fetchTrace = useCallback(
    (signal: AbortSignal) => {
      const params = { id: requestId, traceId: attemptId ?? "" };
      if (attemptId !== undefined) return client.call(apiRoutes.attemptTrace, { params, signal });
      return client.call(kind === "order" ? apiRoutes.orderTrace : apiRoutes.runTrace, { params, signal });
    },
    [client, kind, requestId, attemptId],
  );
  const state = useRunTrace(fetchTrace);
  const { failure } = state;
  const shownKind = attemptId === undefined ? kind : "attempt";
  useTitle(
    isUnknown(failure)
      ? noSuch(shownKind)
      : `${attemptId === undefined ? "Messages of" : "Attempt to break"} ${kind} ${requestId.slice(0, 8)}`,
  );
  return (
    <div className="column">
      <RunPageHead address={address} isFebruary={runningVersion(config).name === "february-2026"} />
      {failure && <TraceProblem failure={failure} kind={shownKind} />}
      {(!failure || state.run) && (
        <RunStage
          {...props}
          state={state}
          isReplayed={false}
          onOpen={(messageId) => replaceRunAddress({ ...address, messageId })}
        />
      )}
    </div>
  );
}

/** Shows an unknown or foreign id as not found rather than as a failure. */
function TraceProblem({ failure, kind }: { failure: Failure; kind: RunAddress["kind"] | "attempt" }) {
  if (!isUnknown(failure)) return <FailurePanel title="The trace cannot be shown" failure={failure} />;
  const shown = {
    message: `You have no ${kind} at this address. It does not exist, has been deleted, or belongs to another user.`,
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

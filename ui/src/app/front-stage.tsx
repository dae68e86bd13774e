import { apiRoutes } from "backend-api";
import type { User } from "oidc-client-ts";
import { type ReactNode, useCallback, useState } from "react";
import type { ApiClient } from "../api/client.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { useRunTrace } from "../features/protocol/use-run-trace.ts";
import { RunStage } from "./run-stage.tsx";

interface FrontStageProps {
  client: ApiClient;
  config: Pick<RuntimeConfig, "profile" | "mode">;
  /** The run on the stage. Use it as the component's key. */
  requestId: string;
  user: User;
  /** Whether the session has lapsed, so that nothing can be sent. */
  disabled: boolean;
  children: ReactNode;
}

/** The stage of the front page's run. Loaded on demand. */
export default function FrontStage({ requestId, children, ...shared }: FrontStageProps) {
  const { client } = shared;
  const [messageId, open] = useState<string | undefined>(undefined);
  const fetchTrace = useCallback(
    (signal: AbortSignal) => client.call(apiRoutes.runTrace, { params: { id: requestId }, signal }),
    [client, requestId],
  );
  const state = useRunTrace(fetchTrace);
  const address = { kind: "run" as const, requestId, ...(messageId === undefined ? {} : { messageId }) };
  return (
    <RunStage {...shared} address={address} state={state} isReplayed onOpen={open}>
      {children}
    </RunStage>
  );
}

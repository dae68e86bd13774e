import {
  type Cleared,
  clearedSchema,
  type Progress,
  progressListSchema,
  progressSchema,
  type Results,
  resultsSchema,
  type StartReply,
  type StartRequest,
  startReplySchema,
} from "backend-api";
import { SPAN } from "protocol-trace/names";
import type { ApiClient } from "./client.ts";

/** Resolves once the agent accepts or refuses the backend, long before the run ends. */
export function startRun(client: ApiClient, body: StartRequest, signal: AbortSignal): Promise<StartReply> {
  const request = { method: "POST", path: "/optimization/start", body, signal, traceAs: SPAN.click } as const;
  return client.json(request, startReplySchema);
}

export function getProgress(client: ApiClient, requestId: string, signal: AbortSignal): Promise<Progress> {
  return client.json({ path: progressPath(requestId), signal }, progressSchema);
}

/** 404 (`refused`) until the run is completed. */
export function getResults(client: ApiClient, requestId: string, signal: AbortSignal): Promise<Results> {
  return client.json(
    { path: `/optimization/results/${encodeURIComponent(requestId)}`, signal },
    resultsSchema,
  );
}

/** The signed-in user's own runs, newest first. */
export function listRuns(client: ApiClient, signal: AbortSignal): Promise<Progress[]> {
  return client.json({ path: "/optimization/all", signal }, progressListSchema);
}

export function clearRuns(client: ApiClient): Promise<Cleared> {
  return client.json({ method: "DELETE", path: "/optimization/clear" }, clearedSchema);
}

export function progressPath(requestId: string): string {
  return `/optimization/progress/${encodeURIComponent(requestId)}`;
}

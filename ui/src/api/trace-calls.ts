import {
  type BreakItResult,
  type BreakItVariant,
  breakItResultSchema,
  type RunTrace,
  runTraceSchema,
} from "backend-api";
import type { ApiClient } from "./client.ts";

/** The trace of a run. */
export function getRunTrace(client: ApiClient, requestId: string, signal: AbortSignal): Promise<RunTrace> {
  return client.json(
    { path: `/optimization/${encodeURIComponent(requestId)}/trace`, signal },
    runTraceSchema,
  );
}

/** The trace of an order. */
export function getOrderTrace(client: ApiClient, orderId: string, signal: AbortSignal): Promise<RunTrace> {
  return client.json({ path: `/orders/${encodeURIComponent(orderId)}/trace`, signal }, runTraceSchema);
}

/** The trace of an attempt to break the run. */
export function getAttemptTrace(
  client: ApiClient,
  requestId: string,
  traceId: string,
  signal: AbortSignal,
): Promise<RunTrace> {
  const path = `/optimization/${encodeURIComponent(requestId)}/attempts/${encodeURIComponent(traceId)}`;
  return client.json({ path, signal }, runTraceSchema);
}

/** Really sends a tampered request of the run. */
export function tryToBreak(
  client: ApiClient,
  requestId: string,
  variant: BreakItVariant,
): Promise<BreakItResult> {
  const path = `/optimization/${encodeURIComponent(requestId)}/break-it/${variant}`;
  return client.json({ method: "POST", path }, breakItResultSchema);
}

import { randomFillSync } from "node:crypto";
import type { TracingConfiguration } from "../configuration/configuration.ts";

/** The gateway's own place in a trace (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  /** `traceparent` for the agent and the check service. */
  readonly header: string;
  /** Whether a span of this request is handed to the exporter. */
  readonly exported: boolean;
}

// Version 00 only: a later version may mean something else by its flags.
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Joins the caller's trace (same id and flags, a span id of our own) or starts one if `randomSampling` says so. Without tracing a
 * trace is joined all the same, and nothing exported. Undefined when there is no trace.
 *
 * @param random a number from 0 to below 1
 */
export function startTrace(
  tracing: TracingConfiguration | undefined,
  traceparent: string | undefined,
  random: () => number = Math.random,
): TraceContext | undefined {
  const [, traceId, parentSpanId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  const spanId = randomHex(8);
  if (
    traceId !== undefined &&
    parentSpanId !== undefined &&
    !/^0+$/.test(traceId) &&
    !/^0+$/.test(parentSpanId)
  ) {
    const sampled = (Number.parseInt(flags!, 16) & 1) === 1;
    return {
      traceId,
      spanId,
      parentSpanId,
      header: `00-${traceId}-${spanId}-${flags}`,
      exported: tracing !== undefined && sampled && random() < tracing.clientSampling,
    };
  }
  if (tracing === undefined || random() >= tracing.randomSampling) return undefined;
  const started = randomHex(16);
  return { traceId: started, spanId, header: `00-${started}-${spanId}-01`, exported: true };
}

/** Random bytes are fetched for a hundred requests at once: the call is what costs. */
const pool = Buffer.alloc(2400);
let usedBytes = pool.length;

function randomHex(bytes: number): string {
  if (usedBytes + bytes > pool.length) {
    randomFillSync(pool);
    usedBytes = 0;
  }
  usedBytes += bytes;
  return pool.toString("hex", usedBytes - bytes, usedBytes);
}

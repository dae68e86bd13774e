/** Hand-made OTLP/JSON, for requests that an SDK would not send. */

import { randomBytes } from "node:crypto";

export const newTraceId = () => randomBytes(16).toString("hex");
export const newSpanId = () => randomBytes(8).toString("hex");

/** A span of 1 ms that starts at `startMs`; `more` overrides any member. */
export function otlpSpan(startMs: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    traceId: newTraceId(),
    spanId: newSpanId(),
    name: "work",
    kind: 1,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + 1}000000`,
    ...more,
  };
}

/** An export request of one service. */
export function exportRequest(service: string, spans: readonly unknown[]) {
  return {
    resourceSpans: [
      {
        resource: { attributes: [attribute("service.name", { stringValue: service })] },
        scopeSpans: [{ scope: { name: "by hand" }, spans }],
      },
    ],
  };
}

export function attribute(key: string, value: unknown) {
  return { key, value };
}

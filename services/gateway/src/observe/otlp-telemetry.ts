import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { createSpanQueue } from "agent-kit/span-queue";
import type { GatewaySpan, Telemetry } from "../telemetry.ts";

/** A caller chooses what is in its header fields, and a span holds on to them for as long as the collector is away. */
const MAX_ATTRIBUTE_CHARACTERS = 8192;
const SCOPE = { name: "agentgateway" };

/**
 * Sends the gateway's spans to a collector (`createSpanQueue` of agent-kit: bounded, never in a request's way).
 *
 * @param options.url of the collector's traces resource, path included
 * @param options.timeoutMs for one batch, all attempts together. Default the exporter's (10 000)
 */
export function createOtlpTelemetry(options: {
  url: string;
  serviceName: string;
  logger: { info(message: string): void; warn(fields: object, message: string): void };
  timeoutMs?: number;
}): Required<Telemetry> {
  const { serviceName, ...queueOptions } = options;
  const queue = createSpanQueue(queueOptions);
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ "service.name": serviceName }));
  return {
    exportSpan: (span) => queue.add(readableSpan(span, resource)),
    counts: () => queue.counts(),
    close: () => queue.close(),
  };
}

/** Made by hand rather than through a tracer: the ids are given already, and this is a fraction of the cost. */
function readableSpan(span: GatewaySpan, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId } = span;
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: SpanKind.SERVER,
    spanContext: () => context,
    ...(parentSpanId !== undefined && {
      parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true },
    }),
    startTime: hrTime(span.startTimeMs),
    endTime: hrTime(span.endTimeMs),
    duration: hrTime(span.endTimeMs - span.startTimeMs),
    ended: true,
    // Agentgateway sets none, not even for 5xx.
    status: { code: SpanStatusCode.UNSET },
    attributes: attributes(span.attributes),
    links: [],
    events: [],
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** As Agentgateway types them: numbers stay numbers, everything else is text, maps and lists as JSON. */
function attributes(values: GatewaySpan["attributes"]): Record<string, string | number> {
  const typed: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "number") {
      typed[name] = value;
      continue;
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    typed[name] =
      text.length > MAX_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MAX_ATTRIBUTE_CHARACTERS)}…` : text;
  }
  return typed;
}

function hrTime(milliseconds: number): [number, number] {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}

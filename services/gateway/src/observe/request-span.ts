import {
  type AttributeValue,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { NamedExpressions } from "../configuration/document-schema.ts";
import { firstField, type RequestHead, setField } from "../proxy/request-head.ts";
import { builtInFields, configuredFields } from "./record-fields.ts";
import type { RequestRecord } from "./request-record.ts";

/**
 * Limit on attributes, because callers choose their header fields, and spans are kept while the
 * collector is down.
 */
const MAX_ATTRIBUTE_CHARACTERS = 8192;

const propagator = new W3CTraceContextPropagator();

/**
 * Starts the SERVER span of a request as a child of the caller's span, and sets `traceparent` for
 * the agent and the check service. Undefined if the request is not sampled; the caller's
 * `traceparent` is then passed on unchanged.
 */
export function startRequestSpan(tracer: Tracer, head: RequestHead): Span | undefined {
  const carrier: Record<string, string> = { traceparent: firstField(head.fields, "traceparent") ?? "" };
  const parent = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
  const span = tracer.startSpan("unknown", { kind: SpanKind.SERVER }, parent);
  if (!span.isRecording()) return undefined;
  propagator.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
  setField(head.fields, "traceparent", carrier.traceparent!);
  return span;
}

/**
 * Ends the span of a finished request. Its name is `METHOD /*`, Agentgateway's name for a route
 * that matches every path, or `unknown` without a route.
 */
export function endRequestSpan(record: RequestRecord, fields: NamedExpressions): void {
  const { span, head, route } = record;
  if (span === undefined) return;
  if (route !== undefined) span.updateName(`${head?.method} /*`);
  span.setAttributes({ "url.scheme": "http", "network.protocol.version": head?.httpVersion });
  for (const [name, value] of [...builtInFields(record), ...configuredFields(record, fields)]) {
    span.setAttribute(name, attributeOf(value));
  }
  span.end();
}

/**
 * Uses Agentgateway's types: numbers remain numbers, everything else becomes a string, maps and
 * lists as JSON.
 */
function attributeOf(value: unknown): AttributeValue {
  if (typeof value === "number") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MAX_ATTRIBUTE_CHARACTERS)}…` : text;
}

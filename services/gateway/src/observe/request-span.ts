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
 * A caller chooses what is in its header fields, and a span keeps them for as long as the collector
 * is away.
 */
const MAX_ATTRIBUTE_CHARACTERS = 8192;

const propagator = new W3CTraceContextPropagator();

/**
 * Starts the SERVER span of a request, as a child of the caller's, and puts it into `traceparent`
 * for the agent and the check service. Undefined where the request is not sampled; the caller's
 * `traceparent` is then passed on as it is.
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
 * Ends the span of a finished request: `METHOD /*`, as Agentgateway names a route for every path,
 * or `unknown` without a route.
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
 * As Agentgateway types them: numbers stay numbers, everything else is text, maps and lists as
 * JSON.
 */
function attributeOf(value: unknown): AttributeValue {
  if (typeof value === "number") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MAX_ATTRIBUTE_CHARACTERS)}…` : text;
}

import { ATTRIBUTE, SERVICE_NAME } from "../attribute-names.ts";
import { columnOf } from "./parties.ts";
import type { Message, WaterfallRow } from "./protocol-run.ts";
import type { SpanTree } from "./span-tree.ts";
import { numberAttribute, type TraceSpan } from "./trace-span.ts";

/** All spans as bars, children under their parent, brothers in the order they began. */
export function waterfallOf(tree: SpanTree, messages: readonly Message[]): WaterfallRow[] {
  const messageOf = new Map<string, string>();
  for (const { id, verifiers } of messages) {
    for (const { spanId } of verifiers) messageOf.set(spanId, id);
    messageOf.set(id, id);
  }
  const rows: WaterfallRow[] = [];
  const seen = new Set<TraceSpan>();
  const walk = (span: TraceSpan, depth: number, above?: string) => {
    if (seen.has(span)) return;
    seen.add(span);
    const status = numberAttribute(span.attributes, ATTRIBUTE.status);
    // The gateway's own span stands between the sender's and those of the gates.
    const isGateway = columnOf(span.service) === SERVICE_NAME.gateway;
    const messageId = messageOf.get(span.spanId) ?? (isGateway ? above : undefined);
    rows.push({
      spanId: span.spanId,
      traceId: span.traceId,
      name: span.name,
      service: span.service,
      depth,
      startMicros: span.startMicros,
      durationMicros: span.durationMicros,
      isError: span.isError,
      ...(messageId !== undefined && { messageId }),
      ...(status !== undefined && { status }),
    });
    for (const child of tree.childrenOf(span)) walk(child, depth + 1, messageId);
  };
  for (const root of tree.roots) walk(root, 0);
  return rows;
}

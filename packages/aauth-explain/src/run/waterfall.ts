import { ATTRIBUTE, SERVICE_NAME } from "./attribute-names.ts";
import { columnOf } from "./parties.ts";
import type { Message, Verdict, WaterfallRow } from "./protocol-run.ts";
import { shownVerdict } from "./refused-by-answer.ts";
import type { SpanTree } from "./span-tree.ts";
import { numberAttribute, type TraceSpan, textAttribute } from "./trace-span.ts";

/** All spans as bars, children below their parent, siblings by start time. */
export function waterfallOf(
  spans: readonly TraceSpan[],
  tree: SpanTree,
  messages: readonly Message[],
): WaterfallRow[] {
  const messageOf = new Map<string, string>();
  const verdictOf = new Map<string, Verdict>();
  for (const message of messages) {
    for (const verifier of message.verifiers) {
      messageOf.set(verifier.spanId, message.id);
      verdictOf.set(verifier.spanId, shownVerdict(message, verifier));
    }
    messageOf.set(message.id, message.id);
  }
  const rows: WaterfallRow[] = [];
  const seen = new Set<TraceSpan>();
  const walk = (span: TraceSpan, depth: number, above?: string) => {
    if (seen.has(span)) return;
    seen.add(span);
    // The gateway's own span is between the sender's and the verifiers'.
    const isGateway = columnOf(span.service) === SERVICE_NAME.gateway;
    const messageId = messageOf.get(span.spanId) ?? (isGateway ? above : undefined);
    rows.push({
      ...span,
      depth,
      messageId,
      status: numberAttribute(span.attributes, ATTRIBUTE.status),
      verdict: verdictOf.get(span.spanId) ?? textAttribute(span.attributes, ATTRIBUTE.verdict),
    });
    for (const child of tree.childrenOf(span)) walk(child, depth + 1, messageId);
  };
  for (const root of tree.roots) walk(root, 0);
  // Spans in a cycle of parents have no root.
  for (const span of spans) walk(span, 0);
  return rows;
}

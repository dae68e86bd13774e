import { ATTRIBUTE } from "protocol-trace/names";

interface Span {
  readonly spanID?: unknown;
  readonly references?: readonly { readonly refType?: unknown; readonly spanID?: unknown }[];
  readonly tags?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

/**
 * Takes the spans of other runs out of a trace, with everything below them. A browser chooses the trace its request belongs to, so two
 * users' runs can share one; each may see its own part.
 *
 * @param answer a trace store's `{ data: [{ spans, … }] }`
 */
export function ownSpans(answer: unknown, runId: string): unknown {
  const frame = answer as { data?: readonly { spans?: readonly Span[] }[] } | null;
  if (!Array.isArray(frame?.data)) return { data: [] };
  return { data: frame.data.map((trace) => ({ ...trace, spans: withoutOthers(trace.spans ?? [], runId) })) };
}

function withoutOthers(spans: readonly Span[], runId: string): Span[] {
  const dropped = new Set(spans.filter((span) => isOthers(span, runId)).map(({ spanID }) => spanID));
  if (dropped.size === 0) return [...spans];
  const byId = new Map(spans.map((span) => [span.spanID, span]));
  const isDropped = (span: Span | undefined, depth: number): boolean => {
    if (span === undefined || depth > spans.length) return false;
    if (dropped.has(span.spanID)) return true;
    const parent = span.references?.find(({ refType }) => refType === "CHILD_OF")?.spanID;
    return parent !== undefined && isDropped(byId.get(parent), depth + 1);
  };
  return spans.filter((span) => !isDropped(span, 0));
}

function isOthers({ tags = [] }: Span, runId: string): boolean {
  const owner = tags.find(({ key }) => key === ATTRIBUTE.runId)?.value;
  return owner !== undefined && owner !== runId;
}

import type { TraceSpan } from "./trace-span.ts";

/** Spans by their parent; a span whose parent is not (yet) there is a root. */
export interface SpanTree {
  readonly roots: readonly TraceSpan[];
  childrenOf(span: TraceSpan): readonly TraceSpan[];
}

const keyOf = (traceId: string, spanId: string) => `${traceId} ${spanId}`;

export function spanTree(spans: readonly TraceSpan[]): SpanTree {
  const byKey = new Map(spans.map((span) => [keyOf(span.traceId, span.spanId), span]));
  const children = new Map<string, TraceSpan[]>();
  const roots: TraceSpan[] = [];
  for (const span of spans) {
    const parentKey = span.parentId === undefined ? undefined : keyOf(span.traceId, span.parentId);
    if (parentKey === undefined || !byKey.has(parentKey) || span.parentId === span.spanId) {
      roots.push(span);
      continue;
    }
    const siblings = children.get(parentKey);
    if (siblings === undefined) children.set(parentKey, [span]);
    else siblings.push(span);
  }
  return { roots, childrenOf: ({ traceId, spanId }) => children.get(keyOf(traceId, spanId)) ?? [] };
}

/**
 * Everything below a span, in the order of a walk from parent to child; below those for which `stop` is true it goes no further. A
 * loop in the parents, which only a broken trace has, ends the walk.
 */
export function below(
  tree: SpanTree,
  span: TraceSpan,
  stop: (span: TraceSpan) => boolean = () => false,
): TraceSpan[] {
  const found: TraceSpan[] = [];
  const seen = new Set([span]);
  const walk = (parent: TraceSpan) => {
    for (const child of tree.childrenOf(parent)) {
      if (seen.has(child)) continue;
      seen.add(child);
      if (stop(child)) continue;
      found.push(child);
      walk(child);
    }
  };
  walk(span);
  return found;
}

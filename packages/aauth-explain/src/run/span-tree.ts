import type { TraceSpan } from "./trace-span.ts";

/** Spans by parent. A span whose parent has not been received (yet) is a root. */
export interface SpanTree {
  readonly roots: readonly TraceSpan[];
  childrenOf(span: TraceSpan): readonly TraceSpan[];
}

export function spanTree(spans: readonly TraceSpan[]): SpanTree {
  const keys = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
  const byParent = Map.groupBy(spans, ({ traceId, parentId }) => {
    const parent = `${traceId} ${parentId}`;
    return keys.has(parent) ? parent : undefined;
  });
  return {
    roots: byParent.get(undefined) ?? [],
    childrenOf: ({ traceId, spanId }) => byParent.get(`${traceId} ${spanId}`) ?? [],
  };
}

/**
 * All descendants of a span in depth-first order, without those below spans for which `stop` is
 * true. A cycle of parents, which only a broken trace has, ends the walk.
 */
export function below(tree: SpanTree, span: TraceSpan, stop: (span: TraceSpan) => boolean): TraceSpan[] {
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

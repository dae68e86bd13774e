import { outsideCause } from "./outside-cause.js";

/**
 * A trace as the rows of its waterfall: parents before children, siblings by start. A span whose parent is not in the trace, or is its
 * own descendant, stands at the top.
 */
export function traceTree(trace) {
  const byId = new Map(trace.spans.map((span) => [span.spanID, span]));
  const childrenOf = new Map();
  const roots = [];
  for (const span of [...trace.spans].sort((a, b) => a.startTime - b.startTime)) {
    const parent = byId.get(parentIdOf(span));
    if (parent === undefined || parent === span) roots.push(span);
    else childrenOf.set(parent.spanID, [...(childrenOf.get(parent.spanID) ?? []), span]);
  }

  const rows = [];
  const rowById = new Map();
  const seen = new Set();
  // A list instead of recursion: a chain may be thousands of spans deep.
  const walk = (from) => {
    const open = [{ span: from, depth: 0 }];
    while (open.length > 0) {
      const { span, depth } = open.pop();
      if (seen.has(span)) continue;
      seen.add(span);
      const row = rowOf(trace, span, depth, byId);
      const cause = rowById.get(parentIdOf(span));
      row.isSameService = cause?.service === row.service;
      row.outside = outsideCause(row, cause);
      rowById.set(span.spanID, row);
      rows.push(row);
      const children = childrenOf.get(span.spanID) ?? [];
      open.push(...children.map((child) => ({ span: child, depth: depth + 1 })).reverse());
    }
  };
  for (const root of roots) walk(root);
  // What is left goes round in circles.
  for (const span of trace.spans) if (!seen.has(span)) walk(span);

  const start = Math.min(...rows.map(({ span }) => span.startTime));
  const end = Math.max(...rows.map(({ span }) => span.startTime + span.duration));
  return { rows, start, duration: Math.max(end - start, 1), services: servicesOf(rows) };
}

function rowOf(trace, span, depth, byId) {
  const parentId = parentIdOf(span);
  return {
    span,
    depth,
    service: trace.processes[span.processID]?.serviceName ?? "unknown",
    failed: span.tags.some(({ key, value }) => key === "error" && (value === true || value === "true")),
    kind: tagOf(span, "span.kind"),
    status: tagOf(span, "http.response.status_code"),
    verdict: tagOf(span, "aauth.verification.verdict"),
    parentMissing: parentId !== undefined && !byId.has(parentId),
  };
}

function tagOf(span, name) {
  return span.tags.find(({ key }) => key === name)?.value;
}

function parentIdOf(span) {
  return span.references.find(({ refType, traceID }) => refType === "CHILD_OF" && traceID === span.traceID)
    ?.spanID;
}

/** Services in the order they appear, with the number of their spans. */
function servicesOf(rows) {
  const counts = new Map();
  for (const { service } of rows) counts.set(service, (counts.get(service) ?? 0) + 1);
  return [...counts].map(([name, spans]) => ({ name, spans }));
}

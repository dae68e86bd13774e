import { ATTRIBUTE, SERVICE_NAME } from "aauth-explain/trace-names";
import type { TracePlace } from "agent-kit/service";
import type { StoredSpan, StoredTrace } from "./trace-client.ts";

/** The tracing data of a run or an order. */
export interface TracedWork {
  readonly id: string;
  /** The backend's spans for it, in the order they began. Empty without tracing. */
  readonly places: readonly TracePlace[];
  readonly isFinal: boolean;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
}

/** Selection of one piece of work in a trace: its user and the backend's spans for it. */
export interface OwnWork {
  readonly id: string;
  readonly userId: string;
  /** The backend's own spans for this work. The request that started it is found above them. */
  readonly spanIds: readonly string[];
}

/**
 * Reduces a trace to one piece of work: the request that started it, everything below it, and the
 * page's span above it. Callers choose the trace and the parent of their requests, so being in the
 * same trace is not enough: other requests, spans with a missing parent, and the span that this
 * user's request merely names as its parent are removed.
 */
export function ownSpans(trace: StoredTrace, work: OwnWork): StoredTrace {
  return { ...trace, spans: spansOfWork(trace, work) };
}

/**
 * Spans in a store's traces that the backend created for this user's work. The name and both
 * attributes must be on the same span; the store's answer is not trusted to match the query.
 */
export function placesOfWork(
  traces: readonly StoredTrace[],
  work: { id: string; userId: string; operation: string },
): TracePlace[] {
  return traces.flatMap(({ traceID: traceId, spans }) =>
    spans
      .filter(
        (span) =>
          span.operationName === work.operation &&
          tagOf(span, ATTRIBUTE.runId) === work.id &&
          tagOf(span, ATTRIBUTE.userSub) === work.userId,
      )
      .map(({ spanID: spanId }) => ({ traceId, spanId })),
  );
}

function spansOfWork({ spans: all, processes = {} }: StoredTrace, work: OwnWork): StoredSpan[] {
  const byId = new Map<string | undefined, StoredSpan>(all.map((span) => [span.spanID, span]));
  const byParent = Map.groupBy(all, parentOf);
  const shown = new Set<StoredSpan>();
  // Includes spans that have not ended and are therefore not in the store.
  const above = [...work.spanIds];

  for (const id of work.spanIds) {
    const request = requestAbove(byId.get(id), byId);
    show(byId.get(id));
    show(request);
    const page = pageAbove(request);
    if (page !== undefined) shown.add(page);
  }
  // The array grows during the iteration.
  for (const id of above) byParent.get(id)?.forEach(show);
  return all.filter((span) => shown.has(span));

  function show(span: StoredSpan | undefined): void {
    if (span === undefined || shown.has(span) || isOthers(span, work)) return;
    shown.add(span);
    above.push(span.spanID);
  }

  /**
   * The click that sent this request. If another request names it as parent, too, it may be another
   * user's.
   */
  function pageAbove(request: StoredSpan | undefined): StoredSpan | undefined {
    const id = request && parentOf(request);
    const page = byId.get(id);
    const serviceName = page?.processID && processes[page.processID]?.serviceName;
    return serviceName === SERVICE_NAME.ui && byParent.get(id)?.length === 1 ? page : undefined;
  }
}

/**
 * The SERVER span of the request in which the backend created a span. Anything above it was chosen
 * by the caller.
 */
function requestAbove(
  span: StoredSpan | undefined,
  byId: ReadonlyMap<string | undefined, StoredSpan>,
): StoredSpan | undefined {
  const passed = new Set<StoredSpan>();
  for (let at = span; at !== undefined && !passed.has(at); at = byId.get(parentOf(at))) {
    if (tagOf(at, "span.kind") === "server") return at;
    passed.add(at);
  }
  return undefined;
}

/**
 * Whether a span belongs to another user or run. At a verifier, the user is the one in the caller's
 * token.
 */
function isOthers(span: StoredSpan, work: OwnWork): boolean {
  const runId = tagOf(span, ATTRIBUTE.runId);
  if (runId !== undefined && runId !== work.id) return true;
  const userId = tagOf(span, ATTRIBUTE.userSub);
  return userId !== undefined && userId !== work.userId && tagOf(span, ATTRIBUTE.role) !== "verifier";
}

function parentOf({ references }: StoredSpan): string | undefined {
  return references?.find(({ refType }) => refType === "CHILD_OF")?.spanID;
}

function tagOf({ tags }: StoredSpan, name: string): unknown {
  return tags?.find(({ key }) => key === name)?.value;
}

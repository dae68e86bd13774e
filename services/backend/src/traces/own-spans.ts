import type { TracePlace } from "agent-kit/service";
import { ATTRIBUTE, SERVICE_NAME } from "protocol-trace/names";
import type { StoredSpan, StoredTrace } from "./trace-client.ts";

/** A run or an order, as far as its trace is concerned. */
export interface TracedWork {
  readonly id: string;
  /** Spans that the backend made for it, in the order they began. None where tracing is off. */
  readonly places: readonly TracePlace[];
  readonly isFinal: boolean;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
}

/** What a trace is cut down to: the work, its user, and the spans that the backend made for it. */
export interface OwnWork {
  readonly id: string;
  readonly userId: string;
  /**
   * Spans that the backend itself made for this work. The request that started it is found above
   * them.
   */
  readonly spanIds: readonly string[];
}

/**
 * Cuts a trace down to one piece of work: the request that started it, everything below that, and
 * the page's span above it. A caller chooses the trace that its request belongs to, and the parent
 * in it, so nothing is shown for being in the same trace: neither another request, nor a span whose
 * parent is missing, nor what this user's request merely names as its parent.
 */
export function ownSpans(trace: StoredTrace, work: OwnWork): StoredTrace {
  return { ...trace, spans: spansOfWork(trace, work) };
}

/**
 * The spans in a store's traces that the backend made for this user's work: one and the same span
 * has the name and both attributes. A store may be asked for that and answer something else.
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
  // Also below those that have not ended yet, and are in no store.
  const above = [...work.spanIds];

  for (const id of work.spanIds) {
    const request = requestAbove(byId.get(id), byId);
    show(byId.get(id));
    show(request);
    const page = pageAbove(request);
    if (page !== undefined) shown.add(page);
  }
  // It grows while it is walked.
  for (const id of above) byParent.get(id)?.forEach(show);
  return all.filter((span) => shown.has(span));

  function show(span: StoredSpan | undefined): void {
    if (span === undefined || shown.has(span) || isOthers(span, work)) return;
    shown.add(span);
    above.push(span.spanID);
  }

  /**
   * The click that sent this request. Where another request names it as its parent, too, either
   * user may have sent it.
   */
  function pageAbove(request: StoredSpan | undefined): StoredSpan | undefined {
    const id = request && parentOf(request);
    const page = byId.get(id);
    const serviceName = page?.processID && processes[page.processID]?.serviceName;
    return serviceName === SERVICE_NAME.ui && byParent.get(id)?.length === 1 ? page : undefined;
  }
}

/**
 * The SERVER span of the request in which the backend made a span. Above it begins what the caller
 * has chosen.
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
 * What the backend did for another user or run. At a verifier the user is the one in the caller's
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

import type { TracePlace } from "agent-kit/service";
import { ATTRIBUTE, SERVICE_NAME } from "protocol-trace/names";

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
  /** Spans that the backend itself made for this work. The request that started it is found above them. */
  readonly spanIds: readonly string[];
}

interface StoredSpan {
  readonly spanID?: unknown;
  readonly operationName?: unknown;
  readonly processID?: unknown;
  readonly references?: unknown;
  readonly tags?: unknown;
}

interface StoredTrace {
  readonly traceID?: unknown;
  readonly spans?: unknown;
  readonly processes?: unknown;
}

/**
 * Cuts a trace down to one piece of work: the request that started it, everything below that, and the page's span above it. A caller
 * chooses the trace that its request belongs to, and the parent in it, so nothing is shown for being in the same trace: neither another
 * request, nor a span whose parent is missing, nor what this user's request merely names as its parent.
 *
 * @param answer a trace store's `{ data: [{ spans, processes, … }] }`; not trusted
 */
export function ownSpans(answer: unknown, work: OwnWork): unknown {
  const { data } = record(answer);
  return {
    data: list(data).map((entry) => ({ ...record(entry), spans: spansOfWork(record(entry), work) })),
  };
}

/**
 * The spans in a store's responses that the backend made for this user's work: one and the same span has the name and both attributes. A store
 * may be asked for that and answer something else.
 */
export function placesOfWork(
  answers: readonly unknown[],
  work: { id: string; userId: string; operation: string },
): TracePlace[] {
  const traces = answers.flatMap((answer) => list(record(answer).data)).map(record) as StoredTrace[];
  return traces.flatMap(({ traceID, spans }) =>
    (list(spans).map(record) as StoredSpan[])
      .filter(
        (span) =>
          span.operationName === work.operation &&
          tagOf(span, ATTRIBUTE.runId) === work.id &&
          tagOf(span, ATTRIBUTE.userSub) === work.userId,
      )
      .map(({ spanID }) => ({ traceId: String(traceID), spanId: String(spanID) })),
  );
}

function spansOfWork({ spans, processes }: StoredTrace, work: OwnWork): StoredSpan[] {
  const all = list(spans).map(record) as StoredSpan[];
  const byId = new Map(all.map((span) => [span.spanID, span]));
  const byParent = Map.groupBy(all, parentOf);
  const shown = new Set<StoredSpan>();
  // Also below those that have not ended yet, and are in no store.
  const above: unknown[] = [...work.spanIds];

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

  /** The click that sent this request. Where another request names it as its parent, too, either user may have sent it. */
  function pageAbove(request: StoredSpan | undefined): StoredSpan | undefined {
    const id = request && parentOf(request);
    const page = byId.get(id);
    const { serviceName } = record(record(processes)[String(page?.processID)]);
    return serviceName === SERVICE_NAME.ui && byParent.get(id)?.length === 1 ? page : undefined;
  }
}

/** The SERVER span of the request in which the backend made a span. Above it begins what the caller has chosen. */
function requestAbove(
  span: StoredSpan | undefined,
  byId: ReadonlyMap<unknown, StoredSpan>,
): StoredSpan | undefined {
  const passed = new Set<StoredSpan>();
  for (let at = span; at !== undefined && !passed.has(at); at = byId.get(parentOf(at))) {
    if (tagOf(at, "span.kind") === "server") return at;
    passed.add(at);
  }
  return undefined;
}

/** What the backend did for another user or run. At a verifier the user is the one in the caller's token. */
function isOthers(span: StoredSpan, work: OwnWork): boolean {
  const runId = tagOf(span, ATTRIBUTE.runId);
  if (runId !== undefined && runId !== work.id) return true;
  const userId = tagOf(span, ATTRIBUTE.userSub);
  return userId !== undefined && userId !== work.userId && tagOf(span, ATTRIBUTE.role) !== "verifier";
}

function parentOf(span: StoredSpan): unknown {
  return list(span.references)
    .map(record)
    .find(({ refType }) => refType === "CHILD_OF")?.spanID;
}

function tagOf(span: StoredSpan, name: string): unknown {
  return list(span.tags)
    .map(record)
    .find(({ key }) => key === name)?.value;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

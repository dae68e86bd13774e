import { ATTRIBUTE } from "protocol-trace/names";
import type { TraceClient } from "../clients/trace-client.ts";

/** What has a picture of its own: a run, or an order. */
export interface TracedWork {
  readonly id: string;
  /** Traces that tell of it, in the order they began; none where tracing is off. */
  readonly traceIds: readonly string[];
  /** Ids of spans that the backend made for it. */
  readonly spanIds: readonly string[];
  readonly isFinal: boolean;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface StoredSpan {
  readonly spanID?: unknown;
  readonly operationName?: unknown;
  readonly tags?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}
interface StoredTrace {
  readonly traceID?: unknown;
  readonly spans?: readonly StoredSpan[];
}

/** The store's answers, with trace ids, that tell of this user's work. @throws TraceStoreError */
export async function lookUpOwn(
  traces: Pick<TraceClient, "find">,
  work: { id: string; userId: string; service: string; operation: string },
): Promise<{ traceId: string; spanIds: string[]; answer: unknown }[]> {
  // Every id is one of ours: whatever else is in an address is not worth a question.
  if (!UUID.test(work.id)) return [];
  const tags = { [ATTRIBUTE.runId]: work.id, [ATTRIBUTE.userSub]: work.userId };
  const answers = await traces.find({ service: work.service, operation: work.operation, tags });
  return answers.flatMap((answer) => {
    const own = ownIn(answer, work);
    return own === undefined ? [] : [{ ...own, answer }];
  });
}

/**
 * The id of the trace in a store's answer, and those of the spans that stand for this user's work of this id: one and the same span says
 * both. A store may be asked for that and give something else.
 */
function ownIn(
  answer: unknown,
  work: { id: string; userId: string; operation: string },
): { traceId: string; spanIds: string[] } | undefined {
  const { data } = (answer ?? {}) as { data?: readonly StoredTrace[] };
  const [trace] = Array.isArray(data) ? data : [];
  const spanIds = (Array.isArray(trace?.spans) ? (trace.spans as readonly StoredSpan[]) : [])
    .filter(
      ({ tags = [], operationName }) =>
        operationName === work.operation &&
        hasTag(tags, ATTRIBUTE.runId, work.id) &&
        hasTag(tags, ATTRIBUTE.userSub, work.userId),
    )
    .map(({ spanID }) => String(spanID));
  return spanIds.length > 0 && typeof trace?.traceID === "string"
    ? { traceId: trace.traceID, spanIds }
    : undefined;
}

function hasTag(tags: NonNullable<StoredSpan["tags"]>, name: string, value: string): boolean {
  return tags.some((tag) => tag.key === name && tag.value === value);
}

import { randomBytes } from "node:crypto";
import { expect, vi } from "vitest";

/** Spans go out in batches, and a span that ends later than its children arrives later. */
const WAIT = { timeout: 20_000, interval: 200 };

/** A span of the query API, with what tests look at decoded. */
export interface SeenSpan {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    readonly logs: readonly {
      readonly fields: readonly { readonly key: string; readonly value: unknown }[];
    }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/**
 * Traces with a span of this operation, newest first, by the query API that Jaeger and the embedded
 * store share.
 */
export async function tracesOf(queryUrl: string, service: string, operation: string): Promise<SeenSpan[][]> {
  const query = new URLSearchParams({ service, operation, limit: "20", lookback: "1h" });
  query.set("start", String((Date.now() - 3_600_000) * 1000));
  query.set("end", String((Date.now() + 60_000) * 1000));
  const { data } = (await (await fetch(`${queryUrl}/api/traces?${query}`)).json()) as { data: JaegerTrace[] };
  return (data ?? []).map(seenSpans);
}

/** The spans of one trace; empty if the store does not know it. */
export async function spansOf(queryUrl: string, traceId: string): Promise<SeenSpan[]> {
  const { data } = (await (await fetch(`${queryUrl}/api/traces/${traceId}`)).json()) as {
    data: JaegerTrace[] | null;
  };
  return data?.[0] === undefined ? [] : seenSpans(data[0]);
}

/** Services that record header fields as received: docs/reference/gateways.md, its first table. */
export const UNREDACTED: readonly string[] = process.env.AGENTGATEWAY_BIN ? ["agentgateway"] : [];

/** Services with a token in a span. */
export function servicesShowingTokens(spans: readonly { readonly service: string }[]): string[] {
  const showing = spans.filter((span) => /eyJ[\w-]{20}/.test(JSON.stringify(span)));
  return [...new Set(showing.map(({ service }) => service))];
}

/** Services send their spans every 200 ms, separately. */
const SETTLED_MS = 1_000;

/**
 * Waits until the only trace of this operation is complete: every parent has arrived, `isComplete`
 * agrees, and no span has arrived for a second, since nothing shows that a span without children is
 * missing.
 */
export function wholeTrace(
  queryUrl: string,
  operation: string,
  isComplete: (spans: readonly SeenSpan[]) => boolean,
): Promise<SeenSpan[]> {
  let count = 0;
  let sinceMs = performance.now();
  return vi.waitFor(async () => {
    const [spans, ...others] = await tracesOf(queryUrl, "supply-chain-backend", operation);
    expect(others).toEqual([]);
    expect(spans).toBeDefined();
    const ids = new Set(spans!.map(({ id }) => id));
    expect(spans!.filter(({ parentId }) => parentId !== undefined && !ids.has(parentId))).toEqual([]);
    expect(isComplete(spans!)).toBe(true);
    if (spans!.length !== count) [count, sinceMs] = [spans!.length, performance.now()];
    expect(performance.now() - sinceMs).toBeGreaterThan(SETTLED_MS);
    return spans!;
  }, WAIT);
}

/** `traceparent` of a trace that a test starts, and its id. */
export function newTrace(): { traceId: string; traceparent: string } {
  const traceId = randomBytes(16).toString("hex");
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01` };
}

function seenSpans({ traceID, spans, processes }: JaegerTrace): SeenSpan[] {
  return spans.map((span) => ({
    id: span.spanID,
    parentId: span.references.find(({ refType }) => refType === "CHILD_OF")?.spanID,
    traceId: traceID,
    service: processes[span.processID]!.serviceName,
    name: span.operationName,
    tags: fieldsOf(span.tags),
    events: span.logs.map(({ fields }) => {
      const { event, ...rest } = fieldsOf(fields);
      return { name: String(event), fields: rest };
    }),
  }));
}

function fieldsOf(fields: readonly { readonly key: string; readonly value: unknown }[]) {
  return Object.fromEntries(fields.map(({ key, value }) => [key, value]));
}

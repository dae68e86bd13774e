import { setTimeout as pause } from "node:timers/promises";
import { type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import { DEMO_PORTS, type StackPorts } from "../../scripts/demo/stack.ts";
import type { TestStack } from "./start-stack.ts";

/** The services where traces begin; the others join. */
const BEGINNERS = ["supply-chain-backend", "supply-chain-agent", "delegate-agent"];
const POLL_MS = 700;
const TRACES_LIMIT_MS = 20_000;

/** Record of a stack during an action, with the ports of the demo. */
export interface RecordedRun {
  readonly log: string;
  readonly protocol: ProtocolRun;
  /** Answers of the query API by trace id, in the order they began. */
  readonly traces: ReadonlyMap<string, unknown>;
}

/** Records the log and the traces of a stack during `work`. */
export async function recordRun(
  stack: TestStack,
  work: () => Promise<unknown>,
  options: { fromStart?: boolean } = {},
): Promise<RecordedRun> {
  const before = stack.log().length;
  const since = options.fromStart === true ? Date.now() - 60_000 : Date.now();
  await work();
  const traces = await settledTraces(stack, since);
  const log = options.fromStart === true ? stack.log() : stack.log().slice(before);
  return {
    // The gateway's lines have tabs, as Agentgateway's do.
    log: withDemoPorts(log, stack.ports).replaceAll("\t", " "),
    protocol: readProtocolRun([...traces.values()]),
    traces,
  };
}

export function withDemoPorts(text: string, ports: StackPorts): string {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  return keys.reduce(
    (result, key) => result.replaceAll(new RegExp(`(:|%3A)${ports[key]}\\b`, "g"), `$1${DEMO_PORTS[key]}`),
    text,
  );
}

interface JaegerAnswer {
  readonly data: readonly JaegerTrace[] | null;
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly startTime: number;
    readonly references: readonly { readonly spanID: string }[];
  }[];
}

/**
 * Spans come in batches: the traces are complete when every parent has arrived and no further span
 * comes.
 */
async function settledTraces({ urls, ports }: TestStack, since: number): Promise<Map<string, unknown>> {
  const signal = AbortSignal.timeout(TRACES_LIMIT_MS);
  let seen = -1;
  for (;;) {
    const found = new Map<string, JaegerTrace>();
    for (const service of BEGINNERS) {
      const query = new URLSearchParams({ service, limit: "200", lookback: "1h" });
      query.set("start", String(since * 1000));
      query.set("end", String((Date.now() + 60_000) * 1000));
      const { data } = (await (await fetch(`${urls.traces}/api/traces?${query}`)).json()) as JaegerAnswer;
      for (const trace of data ?? []) found.set(trace.traceID, trace);
    }
    const traces = [...found.values()].sort((one, other) => startOf(one) - startOf(other));
    const count = traces.reduce((sum, { spans }) => sum + spans.length, 0);
    if ((count === seen && traces.every(isWhole)) || signal.aborted) {
      const ported = (trace: JaegerTrace) =>
        JSON.parse(withDemoPorts(JSON.stringify({ data: [trace] }), ports)) as unknown;
      return new Map(traces.map((trace) => [trace.traceID, ported(trace)]));
    }
    seen = count;
    await pause(POLL_MS);
  }
}

function startOf({ spans }: JaegerTrace): number {
  return Math.min(...spans.map(({ startTime }) => startTime));
}

function isWhole({ spans }: JaegerTrace): boolean {
  const ids = new Set(spans.map(({ spanID }) => spanID));
  return spans.every(({ references }) => references.every(({ spanID }) => ids.has(spanID)));
}

import { setTimeout as pause } from "node:timers/promises";
import { createLogger, listenOn } from "agent-kit/service";
import { builtPage } from "../../../scripts/demo/built-page.ts";
import { describeStack } from "../../../scripts/demo/describe-stack.ts";
import { freePorts } from "../../../scripts/demo/free-ports.ts";
import { LogLines } from "../../../scripts/demo/log-lines.ts";
import { runStack } from "../../../scripts/demo/run-stack.ts";
import { DEMO_MODES, DEMO_PORTS } from "../../../scripts/demo/stack.ts";
import { buildTraceStore } from "../../../services/trace-store/src/app.ts";

/** The store under test: ours by default, or the Jaeger that the variables name. */
export interface TracesUnderTest {
  readonly otlpUrl: string;
  readonly queryUrl: string;
  readonly isEmbedded: boolean;
  close(): Promise<void>;
}

/**
 * Uses the Jaeger at `JAEGER_OTLP_URL` and `JAEGER_QUERY_URL`, or starts the executable
 * `JAEGER_UNDER_TEST` (which `npm run test:all -- stack` sets), or else the embedded store, on
 * free ports.
 */
export async function startTraces(): Promise<TracesUnderTest> {
  const { JAEGER_OTLP_URL: otlpUrl, JAEGER_QUERY_URL: queryUrl, JAEGER_UNDER_TEST: program } = process.env;
  if (program) return startJaeger(program);
  if (otlpUrl && queryUrl) {
    return {
      otlpUrl: otlpUrl.replace(/\/+$/, ""),
      queryUrl: queryUrl.replace(/\/+$/, ""),
      isEmbedded: false,
      close: async () => {},
    };
  }
  const MIB = 1024 * 1024;
  const { app, otlp } = await buildTraceStore(
    { maxBytes: 16 * MIB, allowedOrigins: ["http://localhost:3050"], pageFolder: await builtPage() },
    {
      logger: createLogger({ service: "trace-store", level: "silent" }),
      limits: { maxSpansPerTrace: 1000, maxBodyBytes: MIB, maxInflatedBytes: 4 * MIB },
    },
  );
  const anyPort = { host: "127.0.0.1", port: 0 };
  const [intake, query] = [await listenOn(otlp, anyPort), await listenOn(app, anyPort)];
  return {
    otlpUrl: intake.url,
    queryUrl: query.url,
    isEmbedded: true,
    close: async () => {
      await intake.close();
      await query.close();
    },
  };
}

async function startJaeger(program: string): Promise<TracesUnderTest> {
  const [traceStore, traceStoreOtlp] = (await freePorts(2)) as [number, number];
  const ports = { ...DEMO_PORTS, traceStore, traceStoreOtlp };
  const services = describeStack(ports, { ...DEMO_MODES, jaegerProgram: program });
  const log = new LogLines(["trace-store"], { sink: { write: () => {} }, colour: false });
  const stack = await runStack(
    services.filter(({ name }) => name === "trace-store"),
    { log, signal: new AbortController().signal },
  );
  return {
    otlpUrl: `http://127.0.0.1:${traceStoreOtlp}`,
    queryUrl: `http://127.0.0.1:${traceStore}`,
    isEmbedded: false,
    close: async () => {
      await stack.stop();
    },
  };
}

/** Jaeger's envelope of every answer. */
export interface QueryAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at it looks at by itself
  readonly data: any;
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly errors: readonly { code?: number; msg: string; traceID?: string }[] | null;
}

export async function ask(queryUrl: string, path: string): Promise<QueryAnswer> {
  const response = await fetch(`${queryUrl}${path}`);
  // Jaeger labels its errors text/plain, but they are JSON.
  return { status: response.status, ...((await response.json()) as Omit<QueryAnswer, "status">) };
}

/**
 * Waits until a trace has all its spans, because Jaeger stores accepted spans later, in batches.
 */
export async function arrived(queryUrl: string, traceID: string, spans: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status, data } = await ask(queryUrl, `/api/traces/${traceID}`);
    if (status === 200 && data[0].spans.length >= spans) return;
    await pause(100);
  }
  throw new Error(`trace ${traceID} did not arrive`);
}

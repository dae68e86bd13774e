import type { Stores } from "aauth";
import { createLogger } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { buildTraceStore, type TraceStoreDeps } from "../../src/app.ts";
import type { TraceStoreConfig } from "../../src/config.ts";

/** Small bounds, so that a test reaches them. */
const TEST_LIMITS = {
  maxSpanBytes: 20_000,
  maxSpansPerTrace: 50,
  maxAgeSeconds: 3600,
  maxBodyBytes: 100_000,
  maxInflatedBytes: 400_000,
};

export interface StoreUnderTest {
  readonly app: FastifyInstance;
  readonly otlp: FastifyInstance;
  /** The store's clock, Unix seconds. */
  readonly clock: { now: number };
  /** Sends OTLP/JSON, or any body with its headers. */
  send(
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string; bytes: Buffer }>;
  /** Sends a request to the query API. */
  ask(path: string): Promise<{ status: number; answer: Answer }>;
  close(): Promise<void>;
}

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at it looks at by itself
  readonly data: any;
  readonly total: number;
  readonly errors: readonly { code?: number; msg: string; traceID?: string }[] | null;
}

/** A trace store with a fixed clock, reached without a network. */
export async function startStore(
  config: Partial<Pick<TraceStoreConfig, "host" | "hosts" | "pageFolder">> = {},
  limits: TraceStoreDeps["limits"] = TEST_LIMITS,
  stores?: Stores,
): Promise<StoreUnderTest> {
  const clock = { now: 1_800_000_000 };
  const { app, otlp } = await buildTraceStore(
    {
      maxBytes: 1_000_000,
      allowedOrigins: ["http://localhost:3050"],
      pageFolder: "/nowhere",
      ...config,
    },
    {
      logger: createLogger({ service: "trace-store", level: "silent" }),
      now: () => clock.now,
      limits,
      ...(stores && { stores }),
    },
  );
  return {
    app,
    otlp,
    clock,
    async send(body, headers = {}) {
      const raw = typeof body === "string" || body instanceof Uint8Array;
      const response = await otlp.inject({
        method: "POST",
        url: "/v1/traces",
        headers: { "content-type": "application/json", ...headers },
        payload: raw ? Buffer.from(body as string) : JSON.stringify(body),
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: response.body,
        bytes: response.rawPayload,
      };
    },
    async ask(path) {
      const response = await app.inject({ url: path });
      return { status: response.statusCode, answer: response.json() as Answer };
    },
    async close() {
      await otlp.close();
      await app.close();
    },
  };
}

import cors from "@fastify/cors";
import { createMemoryStores, type Stores } from "aauth";
import { createService, requireKnownHost, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { LIMITS, type TraceStoreConfig } from "./config.ts";
import { otlpRoutes } from "./otlp/otlp-routes.ts";
import { pageRoutes } from "./page/page-routes.ts";
import { queryRoutes } from "./query/query-routes.ts";
import { KeptRuns } from "./store/kept-runs.ts";
import { TraceStore } from "./store/trace-store.ts";

export interface TraceStoreDeps {
  readonly logger: ServiceOptions["logger"];
  /** Unix seconds. Default: the system's clock. */
  readonly now?: () => number;
  /** Default {@link LIMITS}. */
  readonly limits?: Partial<typeof LIMITS>;
  /** Stores in which traces of runs survive the process. Default: in memory, where they do not. */
  readonly stores?: Stores;
}

/**
 * Composition root: one store behind two servers, as in Jaeger. `app` answers queries and serves
 * the page, `otlp` receives spans; both have `GET /health`. Closing `otlp` writes pending traces of
 * runs.
 */
export async function buildTraceStore(
  config: Pick<TraceStoreConfig, "maxBytes" | "allowedOrigins" | "pageFolder"> &
    Partial<Pick<TraceStoreConfig, "host" | "hosts">>,
  deps: TraceStoreDeps,
): Promise<{ app: FastifyInstance; otlp: FastifyInstance }> {
  const name = "trace-store";
  const { now = () => Math.floor(Date.now() / 1000), stores = createMemoryStores() } = deps;
  const logger = deps.logger.child({ logger: "traces" });
  const { maxBodyBytes, maxInflatedBytes, ...storeLimits } = { ...LIMITS, ...deps.limits };
  const store = new TraceStore({ ...storeLimits, maxBytes: config.maxBytes }, now);

  const runs = new KeptRuns({ store, records: stores.records("traces"), logger });
  await runs.restore();
  const otlp = createService({ name, logger, maxBodyBytes });
  const app = createService({ name, logger });
  // Neither port authenticates callers, so web pages must not reach them under their own host name
  // (DNS rebinding).
  const { host = "", hosts = [] } = config;
  for (const server of [otlp, app]) requireKnownHost(server, [host, ...hosts]);
  await otlp.register(cors, { origin: [...config.allowedOrigins], methods: ["POST"], maxAge: 600 });
  await otlp.register(otlpRoutes, { store, runs, maxInflatedBytes });
  otlp.addHook("onClose", () => runs.close());
  // Lets the backend distinguish this store from a Jaeger.
  app.addHook("onSend", async (_request, reply) => {
    reply.header("server", name);
  });
  await app.register(queryRoutes, { store, now });
  await app.register(pageRoutes, { folder: config.pageFolder });
  return { app, otlp };
}

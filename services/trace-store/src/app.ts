import cors from "@fastify/cors";
import { createService, requireKnownHost, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { LIMITS, type TraceStoreConfig } from "./config.ts";
import { otlpRoutes } from "./otlp/otlp-routes.ts";
import { pageRoutes } from "./page/page-routes.ts";
import { queryRoutes } from "./query/query-routes.ts";
import { TraceStore } from "./store/trace-store.ts";

export interface TraceStoreDeps {
  readonly logger: ServiceOptions["logger"];
  /** Unix seconds. Default the system's clock. */
  readonly now?: () => number;
  /** Default {@link LIMITS}. */
  readonly limits?: Partial<typeof LIMITS>;
}

/**
 * Composition root: one store behind two servers, as Jaeger has them. `app` answers queries and serves the page, `otlp` takes spans; both
 * have `GET /health`.
 */
export async function buildTraceStore(
  config: Pick<TraceStoreConfig, "maxBytes" | "allowedOrigins" | "pageFolder"> &
    Partial<Pick<TraceStoreConfig, "host" | "hosts">>,
  deps: TraceStoreDeps,
): Promise<{ app: FastifyInstance; otlp: FastifyInstance }> {
  const name = "trace-store";
  const { now = () => Math.floor(Date.now() / 1000) } = deps;
  const logger = deps.logger.child({ logger: "traces" });
  const { maxBodyBytes, maxInflatedBytes, ...storeLimits } = { ...LIMITS, ...deps.limits };
  const store = new TraceStore({ ...storeLimits, maxBytes: config.maxBytes }, now);

  const otlp = createService({ name, logger, maxBodyBytes });
  const app = createService({ name, logger });
  // Neither port authenticates its callers, so a page must not reach them under a name of its own (DNS rebinding).
  const { host = "", hosts = [] } = config;
  for (const server of [otlp, app]) requireKnownHost(server, [host, ...hosts]);
  await otlp.register(cors, { origin: [...config.allowedOrigins], methods: ["POST"], maxAge: 600 });
  await otlp.register(otlpRoutes, { store, maxInflatedBytes });
  // Tells the backend whether it reads from this store or from a Jaeger.
  app.addHook("onSend", async (_request, reply) => {
    reply.header("server", name);
  });
  await app.register(queryRoutes, { store, now });
  await app.register(pageRoutes, { folder: config.pageFolder });
  return { app, otlp };
}

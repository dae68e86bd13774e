import cors from "@fastify/cors";
import { createService, requireKnownHost, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import type { TraceStoreConfig } from "./config.ts";
import { otlpRoutes } from "./otlp/otlp-routes.ts";
import { answerMalformedPath, pageRoutes } from "./page/page-routes.ts";
import { queryRoutes } from "./query/query-routes.ts";
import { openSqliteJournal } from "./store/sqlite-journal.ts";
import { TraceStore } from "./store/trace-store.ts";

const EXPIRY_INTERVAL_MS = 60_000;

export interface TraceStoreDeps {
  readonly logger: ServiceOptions["logger"];
  /** Unix seconds. Default the system's clock. */
  readonly now?: () => number;
}

/**
 * Composition root: one store behind two servers, as Jaeger has them. `app` answers queries and serves the page, `otlp` takes spans;
 * both have `GET /health`. Closing `app` closes the store as well.
 *
 * @throws JournalError when the file of the configuration cannot be used
 */
export async function buildTraceStore(
  config: Omit<
    TraceStoreConfig,
    "host" | "port" | "otlpPort" | "logLevel" | "logFormat" | "hosts" | "proxyAddresses"
  > &
    Partial<Pick<TraceStoreConfig, "host" | "hosts">>,
  deps: TraceStoreDeps,
): Promise<{ app: FastifyInstance; otlp: FastifyInstance }> {
  const name = "trace-store";
  const { now = () => Math.floor(Date.now() / 1000) } = deps;
  const logger = deps.logger.child({ logger: "traces" });
  const store = new TraceStore({
    limits: config,
    now,
    ...(config.file !== "" && { journal: openSqliteJournal(config.file) }),
    onJournalError: (error) =>
      logger.error({ err: error }, "traces are in memory only: the file cannot be written"),
  });

  const otlp = createService({ name, logger, maxBodyBytes: config.maxBodyBytes });
  const app = createService({ name, logger, answerMalformedPath });
  // Anybody may ask here, so a page must not come in under a name of its own (DNS rebinding).
  const { host = "", hosts = [] } = config;
  for (const server of [otlp, app]) requireKnownHost(server, [host, ...hosts]);
  const origin = [...config.allowedOrigins];
  await otlp.register(cors, { origin, methods: ["POST"], maxAge: 600 });
  await app.register(cors, { origin, methods: ["GET"], maxAge: 600 });
  await otlp.register(otlpRoutes, { store, maxInflatedBytes: config.maxInflatedBytes });
  // Who reads traces here as from a Jaeger can tell which of the two it has before it.
  app.addHook("onSend", async (_request, reply) => {
    reply.header("server", name);
  });
  await app.register(queryRoutes, { store, now });
  await app.register(pageRoutes);

  const expiry = setInterval(() => store.expire(), EXPIRY_INTERVAL_MS).unref();
  app.addHook("onClose", async () => {
    clearInterval(expiry);
    store.close();
  });
  return { app, otlp };
}

import { createMemoryStores, type Discovery, type Stores } from "aauth";
import { askAgent, readAgentCard } from "aauth-a2a";
import { memoryKeys, rotateKeys, type ServiceKeys, type ServiceOptions } from "agent-kit/service";
import type { ProfileName } from "agent-kit/settings";
import type { FastifyInstance } from "fastify";
import { createLocalHints, createLocalJobs, type Hints, type Jobs } from "jobs";
import { createApi } from "./api.ts";
import { createBearerTwin } from "./bearer-twin/bearer-twin.ts";
import { createAttempts } from "./break-it/attempts.ts";
import { createRenewal } from "./break-it/renewal.ts";
import { createEvidence } from "./calls/evidence.ts";
import type { BackendConfig } from "./config.ts";
import { createDelegateClient } from "./delegates/delegate-client.ts";
import { DelegatesService, type IssuedToken } from "./delegates/delegates-service.ts";
import { createEnrolments } from "./delegates/enrolments.ts";
import type { BackendDialect, DialectOptions } from "./dialect.ts";
import { createDraft11Dialect } from "./draft-11-dialect.ts";
import { createFebruaryDialect } from "./february-2026/dialect.ts";
import { createOrderClient } from "./orders/order-client.ts";
import { OrderService } from "./orders/order-service.ts";
import { agentRoutes } from "./routes/agents.ts";
import { delegateGrantRoute } from "./routes/delegate-grant.ts";
import { delegateTokenRoute } from "./routes/delegate-token.ts";
import { delegateRoutes } from "./routes/delegates.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { ORDER_RETURN_PATH, orderRoutes } from "./routes/orders.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { runTraceRoutes } from "./routes/run-trace.ts";
import { serviceRoutes } from "./routes/service.ts";
import { unsupportedRoutes } from "./routes/unsupported-routes.ts";
import { createCallObserver } from "./runs/call-observer.ts";
import { createLiveRuns } from "./runs/live-runs.ts";
import type { SupplyChainAgent } from "./runs/run-context.ts";
import { RunService } from "./runs/run-service.ts";
import { createRunStores } from "./runs/run-store.ts";
import { createTraceClient } from "./traces/trace-client.ts";
import { wholeAttack, wholeEvidence } from "./traces/whole-evidence.ts";

export interface BackendDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: new ones. */
  readonly keys?: ServiceKeys;
  readonly discovery?: Discovery;
  /** Runs, orders and everything else that must survive a restart. Default: in memory. */
  readonly stores?: Stores;
  /**
   * Queue of attempts at runs and orders, started and closed with the service. Default: in this
   * process, with rows in `stores`.
   */
  readonly jobs?: Jobs;
  /** Notifies the other replicas of changed runs. Default: no other replicas. */
  readonly hints?: Hints;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Longest wait for the agent to accept a run before its start answers `running`. Default 10. */
  readonly startReplySeconds?: number;
  /** Default 15000. */
  readonly heartbeatMs?: number;
}

/**
 * Builds the backend as an agent of the profile in `AAUTH_PROFILE`, without listening.
 *
 * @throws ConfigError for an identity that the profile does not allow
 */
export async function buildBackend(
  config: BackendConfig,
  deps: BackendDeps,
): Promise<{ app: FastifyInstance }> {
  const { keys = memoryKeys(), now = () => Math.floor(Date.now() / 1000) } = deps;
  const { stores = createMemoryStores({ now }) } = deps;
  const evidence = config.breakIt ? createEvidence(now) : undefined;
  const observe = createCallObserver(deps);
  const options = { ...deps, keys, config, evidence, observe, stores, now };
  const dialect = await DIALECTS[config.profile](options);
  const { hints = createLocalHints(), startReplySeconds = 10 } = deps;
  const jobs = deps.jobs ?? createLocalJobs({ records: stores.records("jobs"), log: deps.logger });
  const services = createServices(dialect, { ...options, jobs, hints, startReplySeconds });
  const app = await createApp(dialect, services, { ...options, heartbeatMs: deps.heartbeatMs });
  rotateKeys(app, dialect.keys, config.keyRotationSeconds);
  // Other parties fetch the keys.
  app.addHook("onListen", () => jobs.start());
  app.addHook("onClose", async () => {
    services.twin.close();
    await jobs.close();
    await hints.close();
  });
  await app.ready();
  return { app };
}

const DIALECTS: Record<ProfileName, (options: DialectOptions) => Promise<BackendDialect>> = {
  "february-2026": createFebruaryDialect,
  "draft-11": createDraft11Dialect,
};

type Services = ReturnType<typeof createServices>;

/** Runs, orders and delegates, which the routes serve. */
function createServices(
  dialect: BackendDialect,
  options: DialectOptions & { jobs: Jobs; hints: Hints; startReplySeconds: number },
) {
  const { config, evidence, observe, logger, stores, jobs, hints, now, startReplySeconds } = options;
  const { places, transport } = dialect;
  const { supplyChainAgentUrl, supplyChainAgentTimeoutSeconds: timeoutSeconds, agentUrl: agent } = config;
  const common = { observe, places, jobs, logger, now, timeoutSeconds };
  const live = createLiveRuns(hints, (id) => runStores.store.find(id));
  const runStores = createRunStores({ stores, now, onRemove: live.remove });
  const supplyChainAgent: SupplyChainAgent = {
    ask: (text, call) => askAgent(supplyChainAgentUrl, text, { ...call, protocolVersion: config.a2aVersion }),
    card: (signedFetch) => readAgentCard(supplyChainAgentUrl, signedFetch),
  };
  const calling = {
    ...common,
    ...dialect.runs,
    supplyChainAgent,
    sharesTokens: config.authTokenCacheSeconds > 0,
  };
  const runs = new RunService({
    ...calling,
    ...runStores,
    live,
    startReplySeconds,
    ...(evidence && { during: evidence.during }),
  });
  const orders = new OrderService({
    ...common,
    stores,
    wire: dialect.orders,
    client: createOrderClient({ url: supplyChainAgentUrl }),
    returnUrl: agent + ORDER_RETURN_PATH,
  });
  const twin = createBearerTwin();
  const breakIt =
    evidence &&
    createAttempts(dialect.breakIt(), {
      evidence,
      transport,
      twin,
      now,
      whole: (request) => wholeAttack(request, dialect.discovery),
      renew: createRenewal({ ...calling, ...runStores, evidence }),
    });
  const enrolments = createEnrolments(config.delegatesFile, logger);
  const issued = stores.records<IssuedToken>("issued agent tokens");
  const { tokens, keyProof, callerFor, subAgents } = dialect.delegates(enrolments);
  const delegates = new DelegatesService({
    agent,
    enrolments,
    issued,
    stores,
    timeoutSeconds,
    subAgents,
    logger,
    now,
    clientOf: (userId) => createDelegateClient({ agent: callerFor(userId), timeoutSeconds }),
  });
  const { consentRequests } = runStores;
  return {
    live,
    consentRequests,
    runs,
    orders,
    breakIt,
    twin,
    enrolments,
    issued,
    tokens,
    keyProof,
    subAgents,
    delegates,
  };
}

/** Registers the API for users, and the endpoints for delegates. */
async function createApp(
  dialect: BackendDialect,
  services: Services,
  options: DialectOptions & { heartbeatMs: number | undefined },
): Promise<FastifyInstance> {
  const { config, stores, now } = options;
  const { frontendUrl, agentUrl: agent, agentTokenSeconds: lifetimeSeconds } = config;
  const { jwks, documents, discovery, unsupported } = dialect;
  const { runs, live, orders, delegates, breakIt, enrolments, issued, tokens, keyProof, subAgents } =
    services;
  const sent = options.evidence;
  const app = await createApi(config, options, async (api) => {
    await api.register(serviceRoutes, {
      keycloakUrl: config.authServerUrl,
      realm: config.realm,
      documents,
      jwks,
    });
    await dialect.returnRoutes(api, services);
    await api.register(orderRoutes, { orders, frontendUrl });
    await api.register(optimizationRoutes, { runs });
    await api.register(progressEventRoutes, { runs, live, heartbeatMs: options.heartbeatMs });
    await api.register(agentRoutes, { runs });
    await api.register(delegateRoutes, { delegates });
    await api.register(unsupportedRoutes, { unsupported });
    await api.register(runTraceRoutes, {
      runs,
      orders,
      delegates,
      breakIt,
      now,
      evidence: sent && ((runId) => wholeEvidence(sent.of(runId), discovery)),
      traces: createTraceClient({ url: config.traceQueryUrl }),
      explorerUrl: config.traceUiUrl,
    });
  });
  // Delegates are not users: they prove possession of a key, a credential, or that they are a
  // sub-agent.
  const signed = { agent, discovery, stores, now };
  await app.register((scope) =>
    delegateTokenRoute(scope, { ...signed, enrolments, tokens, keyProof, lifetimeSeconds, issued }),
  );
  if (subAgents !== undefined)
    await app.register((scope) => delegateGrantRoute(scope, { ...signed, subAgents }));
  return app;
}

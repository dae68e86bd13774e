import { createMemoryRecordStore, draft11, QuotaStore, toJwks } from "aauth";
import { askAgent, readAgentCard } from "agent-kit/a2a";
import { draft11Parties } from "agent-kit/draft-11";
import { issuerOf, rotateKeys } from "agent-kit/service";
import type { Hop } from "backend-api";
import type { FastifyInstance } from "fastify";
import { traceDiscovery } from "protocol-trace";
import { createApi } from "./api.ts";
import type { BackendDeps } from "./app.ts";
import { createAttempts } from "./break-it/attempts.ts";
import { draft11Dialect } from "./break-it/draft-11-variants.ts";
import { createEvidence } from "./break-it/evidence.ts";
import type { BackendConfig } from "./config.ts";
import { createDelegateClient } from "./delegates/delegate-client.ts";
import { createDelegatesService, type IssuedToken } from "./delegates/delegates-service.ts";
import { createEnrolments } from "./delegates/enrolments.ts";
import { createSubAgents } from "./delegates/sub-agents.ts";
import { createDraft11Agents } from "./draft-11.ts";
import { createOrderClient } from "./orders/order-client.ts";
import { createOrderService } from "./orders/order-service.ts";
import { draft11Orders } from "./orders/order-wires.ts";
import { createKeptKeys, createTokenStore } from "./own-agent.ts";
import { agentRoutes } from "./routes/agents.ts";
import { delegateGrantRoute } from "./routes/delegate-grant.ts";
import { delegateTokenRoute, draft11Tokens } from "./routes/delegate-token.ts";
import { delegateRoutes } from "./routes/delegates.ts";
import { interactionReturn } from "./routes/interaction-return.ts";
import { leftOutRoutes } from "./routes/left-out.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { ORDER_RETURN_PATH, orderRoutes } from "./routes/orders.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { runTraceRoutes } from "./routes/run-trace.ts";
import { serviceRoutes } from "./routes/service.ts";
import { createCallObserver } from "./runs/call-observer.ts";
import { createConsentRequests } from "./runs/consent-requests.ts";
import { createLiveRuns } from "./runs/live-runs.ts";
import { createRunService } from "./runs/run-service.ts";
import { createRunStore } from "./runs/run-store.ts";
import { createWaitingRuns, readWaitingRuns } from "./runs/waiting-runs.ts";
import { createTraceClient } from "./traces/trace-client.ts";

/** Puts the backend together as an agent of draft -11. It does not listen yet. */
export async function buildDraft11Backend(
  config: BackendConfig,
  deps: BackendDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const { waitingFile } = config;
  const restored = await readWaitingRuns(waitingFile, logger);
  const { keys, keptKey } = await createKeptKeys({
    key: deps.key,
    earlier: restored.map(({ key }) => key),
    keepSeconds: config.agentTokenSeconds,
    now,
  });
  const waitingRuns = createWaitingRuns({ file: waitingFile, restored, keyOf: keptKey, logger });
  const parties = draft11Parties(config, { id: config.agentUrl, now, discovery: deps.discovery });
  const discovery = traceDiscovery(parties.discovery);
  const evidence = config.breakIt ? createEvidence(now) : undefined;
  const traced = { ...parties, discovery };
  const { agentOf, idOf, interactions, returnUrl, orderReturnUrl, document } = createDraft11Agents({
    config,
    parties: traced,
    keys,
    tokenStore: createTokenStore({ seconds: config.authTokenCacheSeconds, now }),
    evidence,
    now,
  });

  const { personServer, accessServer } = parties;
  const hops = new Map<string, Hop>([[config.supplyChainAgentUrl, "supply-chain-agent"]]);
  if (personServer !== undefined) hops.set(personServer, "person-server");
  if (accessServer !== undefined) hops.set(accessServer, "access-server");
  const timeoutSeconds = config.supplyChainAgentTimeoutSeconds;
  const live = createLiveRuns();
  const consentRequests = createConsentRequests(now);
  const places = {
    agentUrl: config.supplyChainAgentUrl,
    issuer: issuerOf(config),
    backendUrl: config.agentUrl,
    hops,
  };
  const observe = createCallObserver({ logger });
  const runs = createRunService({
    store: createRunStore({ now, waiting: consentRequests, onRemove: live.remove }),
    live,
    pendingConsents: new QuotaStore({ maxEntries: 1, now }),
    consentRequests,
    agentOf,
    interactions,
    waitingRuns,
    supplyChainAgent: {
      ask: (text, call) =>
        askAgent(config.supplyChainAgentUrl, text, { ...call, protocolVersion: config.a2aVersion }),
      card: (signedFetch) => readAgentCard(config.supplyChainAgentUrl, signedFetch),
    },
    observe,
    sharesTokens: config.authTokenCacheSeconds > 0,
    standingConsent: async () => undefined,
    places,
    logger,
    now,
    timeoutSeconds,
    startReplySeconds: deps.startReplySeconds ?? 10,
    ...(evidence && { during: evidence.during }),
  });
  const orders = createOrderService({
    wire: draft11Orders({
      agentOf,
      provider: config.agentUrl,
      browserUrl: interactions.browserUrl,
      returnUrl: orderReturnUrl,
    }),
    client: createOrderClient({ url: config.supplyChainAgentUrl }),
    returnUrl: config.agentUrl + ORDER_RETURN_PATH,
    observe,
    places,
    logger,
    now,
    timeoutSeconds,
  });
  const breakIt =
    evidence &&
    createAttempts(
      draft11Dialect({
        ...{ mode: config.mode, issuer: config.agentUrl, keys: keys.usable, parties: traced, now },
        ...{ agentOf, idOf },
        agentUrl: config.supplyChainAgentUrl,
        otherResourceUrl: config.otherResourceUrl,
      }),
      { evidence, transport: parties.map.requests, now },
    );

  const enrolments = createEnrolments(config.delegatesFile, logger);
  const issued = createMemoryRecordStore<IssuedToken>({ now });
  const subAgents = createSubAgents({
    issuer: config.agentUrl,
    key: keys.current,
    personServer,
    idOf,
    agentOf,
    enrolments,
    resources: [config.supplyChainAgentUrl],
    lifetimeSeconds: config.agentTokenSeconds,
    browserUrl: interactions.browserUrl,
    returnUrl,
    discovery,
    transport: parties.map.requests,
    timeoutSeconds,
    observer: () => observe().observer,
    now,
  });
  const delegates = createDelegatesService({
    agent: config.agentUrl,
    enrolments,
    issued,
    clientOf: (userId) => createDelegateClient({ agent: agentOf(userId), timeoutSeconds }),
    timeoutSeconds,
    subAgents,
    logger,
    now,
  });

  const app = await createApi(config, { logger, now }, async (api) => {
    await api.register(serviceRoutes, {
      keycloakUrl: config.authServerUrl,
      realm: config.realm,
      jwks: () => toJwks(keys.published()),
      documents: { [draft11.documents.kinds.agent.document.name]: document },
    });
    await api.register(interactionReturn, { runs, frontendUrl: config.frontendUrl });
    await api.register(orderRoutes, { orders, frontendUrl: config.frontendUrl });
    await api.register(optimizationRoutes, { runs });
    await api.register(progressEventRoutes, { runs, live, heartbeatMs: deps.heartbeatMs });
    await api.register(agentRoutes, { runs });
    await api.register(delegateRoutes, { delegates, isShown: true });
    await api.register(leftOutRoutes, { profile: draft11.name });
    await api.register(runTraceRoutes, {
      runs,
      orders,
      traces: createTraceClient({ url: config.traceQueryUrl }),
      explorerUrl: config.traceUiUrl,
      delegates,
      breakIt,
      now,
    });
  });
  // Delegates are not users: they prove a key, a credential, or that they are a sub-agent.
  const signed = { agent: config.agentUrl, discovery, now };
  await app.register((scope) =>
    delegateTokenRoute(scope, {
      ...signed,
      enrolments,
      tokens: draft11Tokens(subAgents.issue),
      lifetimeSeconds: config.agentTokenSeconds,
      issued,
    }),
  );
  await app.register((scope) => delegateGrantRoute(scope, { ...signed, subAgents }));
  rotateKeys(app, keys, config.keyRotationSeconds);
  // Others ask for the keys.
  app.addHook("onListen", async () => {
    for (const { run, waiting } of restored) {
      await runs.restore(run, waiting).catch((error: unknown) => {
        logger.error({ err: error, runId: run.id }, "a run that waited could not be gone on with");
        waitingRuns.drop(run.id);
      });
    }
  });
  await app.ready();
  return { app };
}

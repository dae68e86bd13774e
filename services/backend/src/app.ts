import { createDiscovery, createMemoryRecordStore, type Discovery, QuotaStore, type SigningKey } from "aauth";
import { createAgent, pooledTransport } from "aauth/agent";
import { agentMetadata, february2026, toJwks, verifyAuthToken } from "aauth/february-2026";
import { askAgent, readAgentCard } from "agent-kit/a2a";
import { dialectsOf, warnOfPublishedPeers } from "agent-kit/published-peers";
import { issuerOf, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { createAgentTrace, traceDiscovery } from "protocol-trace";
import { createApi } from "./api.ts";
import { createAttempts } from "./break-it/attempts.ts";
import { createEvidence } from "./break-it/evidence.ts";
import { februaryDialect } from "./break-it/february-variants.ts";
import type { BackendConfig } from "./config.ts";
import { createDelegateClient } from "./delegates/delegate-client.ts";
import { createDelegatesService, type IssuedToken } from "./delegates/delegates-service.ts";
import { createEnrolments } from "./delegates/enrolments.ts";
import { createOrderClient } from "./orders/order-client.ts";
import { createOrderService } from "./orders/order-service.ts";
import { februaryOrders } from "./orders/order-wires.ts";
import { createOwnKeys, createTokenStore } from "./own-agent.ts";
import { agentRoutes } from "./routes/agents.ts";
import { consentRoutes } from "./routes/consent.ts";
import { delegateTokenRoute, februaryTokens } from "./routes/delegate-token.ts";
import { delegateRoutes } from "./routes/delegates.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { ORDER_RETURN_PATH, orderRoutes } from "./routes/orders.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { runTraceRoutes } from "./routes/run-trace.ts";
import { serviceRoutes } from "./routes/service.ts";
import { createCallObserver } from "./runs/call-observer.ts";
import { createConsentGrants } from "./runs/consent-grants.ts";
import { createConsentRequests } from "./runs/consent-requests.ts";
import { CALLBACK_PATH, createConsentService, type PendingConsent } from "./runs/consent-service.ts";
import { createLiveRuns } from "./runs/live-runs.ts";
import { createRunService } from "./runs/run-service.ts";
import { createRunStore } from "./runs/run-store.ts";
import { createTraceClient } from "./traces/trace-client.ts";

const MAX_PENDING_CONSENTS = 10_000;

export interface BackendDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Longest wait before a start answers `running` although the agent has not let the run in yet. Default 10. */
  readonly startReplySeconds?: number;
  /** Default 15000. */
  readonly heartbeatMs?: number;
}

/** Puts the backend together as an agent of February 2026. It does not listen yet. */
export async function buildBackend(
  config: BackendConfig,
  deps: BackendDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  // Of user tokens and of auth tokens.
  const issuer = issuerOf(config);
  const places = { agentUrl: config.supplyChainAgentUrl, issuer, backendUrl: config.agentUrl };
  const redirectUri = `${config.agentUrl}${CALLBACK_PATH}`;
  const orderReturnUrl = config.agentUrl + ORDER_RETURN_PATH;
  const keys = await createOwnKeys({ key: deps.key, keepSeconds: config.agentTokenSeconds, now });
  // An identity that is not https exists in development only, and so do its peers.
  const discovery = traceDiscovery(
    deps.discovery ?? createDiscovery({ development: config.agentUrl.startsWith("http:"), now }),
  );

  warnOfPublishedPeers(logger, config);
  const identity = {
    id: config.agentUrl,
    ...dialectsOf(config, config.supplyChainAgentUrl, issuer),
    key: keys,
    trustedAuthServers: [issuer],
    redirectUri,
    discovery,
    revealTokens: config.showTokens,
    tokenStore: createTokenStore({ seconds: config.authTokenCacheSeconds, now }),
    now,
  };
  const traced = createAgentTrace();
  const evidence = config.breakIt ? createEvidence(now) : undefined;
  const agent = createAgent({
    ...identity,
    ...traced,
    ...(evidence && { transport: evidence.recording(traced.transport) }),
    signatureScheme: config.signatureScheme,
  });
  // Asks no user for consent: without an address to return to, the auth server refuses and keeps nothing (profile 6.2).
  const { redirectUri: _omitted, ...withoutReturn } = identity;
  const nonInteractiveAgent = createAgent({
    ...withoutReturn,
    ...createAgentTrace(),
    signatureScheme: config.signatureScheme,
  });
  // The auth server and delegates see the backend's identity, also where it calls agents by key alone.
  const jwksAgent = createAgent({
    ...identity,
    profile: february2026,
    ...createAgentTrace(),
    signatureScheme: "jwks",
  });
  const observe = createCallObserver({ logger });
  const pendingConsents = new QuotaStore<PendingConsent>({ maxEntries: MAX_PENDING_CONSENTS, now });
  const consentRequests = createConsentRequests(now);
  const grants = createConsentGrants(now);
  const sharesTokens = config.authTokenCacheSeconds > 0;
  const live = createLiveRuns();
  const runs = createRunService({
    store: createRunStore({ now, waiting: consentRequests, onRemove: live.remove }),
    live,
    pendingConsents,
    consentRequests,
    agentOf: () => agent,
    supplyChainAgent: {
      ask: (text, call) =>
        askAgent(config.supplyChainAgentUrl, text, { ...call, protocolVersion: config.a2aVersion }),
      card: (signedFetch) => readAgentCard(config.supplyChainAgentUrl, signedFetch),
    },
    observe,
    sharesTokens,
    standingConsent: async (userId) => (await grants.list(userId)).at(-1),
    places,
    logger,
    now,
    timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
    startReplySeconds: deps.startReplySeconds ?? 10,
    ...(evidence && { during: evidence.during }),
  });
  const breakIt =
    evidence &&
    createAttempts(
      februaryDialect({
        keys: keys.usable,
        id: config.agentUrl,
        agentUrl: config.supplyChainAgentUrl,
        otherResourceUrl: config.otherResourceUrl,
        signatureScheme: config.signatureScheme,
        now,
      }),
      { evidence, transport: pooledTransport, now },
    );
  const orders = createOrderService({
    wire: februaryOrders({ agent: nonInteractiveAgent, returnUrl: orderReturnUrl }),
    client: createOrderClient({ url: config.supplyChainAgentUrl }),
    returnUrl: orderReturnUrl,
    observe,
    places,
    logger,
    now,
    timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
  });
  const consent = createConsentService({
    agent: jwksAgent,
    agentId: config.agentUrl,
    resource: config.supplyChainAgentUrl,
    verify: (token) =>
      verifyAuthToken(token, {
        audience: config.supplyChainAgentUrl,
        trustedIssuers: [issuer],
        discovery,
        now,
      }),
    sharesTokens,
    pending: pendingConsents,
    consentRequests,
    grants,
    runs,
    observe,
    logger,
  });

  const enrolments = createEnrolments(config.delegatesFile, logger);
  const issued = createMemoryRecordStore<IssuedToken>({ now });
  const timeoutSeconds = config.supplyChainAgentTimeoutSeconds;
  const delegateClient = createDelegateClient({ agent: jwksAgent, timeoutSeconds });
  const delegates = createDelegatesService({
    agent: config.agentUrl,
    enrolments,
    issued,
    clientOf: () => delegateClient,
    timeoutSeconds,
    logger,
    now,
  });

  const app = await createApi(config, { logger, now }, async (api) => {
    await api.register(serviceRoutes, {
      keycloakUrl: config.authServerUrl,
      realm: config.realm,
      jwks: () => toJwks(keys.published()),
      documents: {
        [february2026.documents.kinds.agent.document.name]: agentMetadata({
          agent: config.agentUrl,
          redirect_uris: [redirectUri, orderReturnUrl],
          name: "AcmeCorp Supply Chain",
          homepage: config.frontendUrl,
        }),
      },
    });
    await api.register(consentRoutes, { consent, frontendUrl: config.frontendUrl });
    await api.register(orderRoutes, { orders, frontendUrl: config.frontendUrl });
    await api.register(optimizationRoutes, { runs });
    await api.register(progressEventRoutes, { runs, live, heartbeatMs: deps.heartbeatMs });
    await api.register(agentRoutes, { runs });
    await api.register(delegateRoutes, { delegates });
    await api.register(runTraceRoutes, {
      runs,
      orders,
      delegates,
      traces: createTraceClient({ url: config.traceQueryUrl }),
      explorerUrl: config.traceUiUrl,
      breakIt,
      now,
    });
  });
  // Delegates are not users: they prove a key and a credential.
  await app.register((scope) =>
    delegateTokenRoute(scope, {
      agent: config.agentUrl,
      enrolments,
      discovery,
      tokens: februaryTokens({
        agent: config.agentUrl,
        key: keys.current,
        audiences: [config.supplyChainAgentUrl, issuer],
        lifetimeSeconds: config.agentTokenSeconds,
        now,
      }),
      lifetimeSeconds: config.agentTokenSeconds,
      issued,
      now,
    }),
  );
  rotateKeys(app, keys, config.keyRotationSeconds);
  await app.ready();
  return { app };
}

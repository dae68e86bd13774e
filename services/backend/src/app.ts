import cors from "@fastify/cors";
import {
  agentMetadata,
  canonicalAuthority,
  createDiscovery,
  createKeyRing,
  createMemoryReplayStore,
  type Discovery,
  generateSigningKey,
  QuotaStore,
  type SigningKey,
  toJwks,
} from "aauth";
import { createAgent, pooledTransport } from "aauth/agent";
import { createVerifier } from "aauth/resource";
import { createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { createAgentTrace, gateTrace, traceDiscovery } from "protocol-trace";
import { createBreakItService } from "./break-it/break-it-service.ts";
import { createEvidence } from "./break-it/evidence.ts";
import { createConsentClient } from "./clients/consent-client.ts";
import { createSupplyChainClient } from "./clients/supply-chain-client.ts";
import { createTraceClient } from "./clients/trace-client.ts";
import { type BackendConfig, issuerOf } from "./config.ts";
import { createDelegateAuthentication } from "./delegates/client-assertion.ts";
import { createDelegateClient } from "./delegates/delegate-client.ts";
import { createDelegatesService } from "./delegates/delegates-service.ts";
import { createEnrolments } from "./delegates/enrolments.ts";
import { createIssuedTokens } from "./delegates/issued-tokens.ts";
import { createOrderClient } from "./orders/order-client.ts";
import { createOrderService } from "./orders/order-service.ts";
import { errorReplies } from "./plugins/errors.ts";
import { userGate } from "./plugins/user.ts";
import { agentRoutes } from "./routes/agents.ts";
import { authRoutes } from "./routes/auth.ts";
import { breakItRoutes } from "./routes/break-it.ts";
import { consentRoutes } from "./routes/consent.ts";
import { consentCallbackRoutes } from "./routes/consent-callback.ts";
import { DELEGATE_TOKEN_PATH, delegateTokenRoute } from "./routes/delegate-token.ts";
import { delegateRoutes } from "./routes/delegates.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { ORDER_RETURN_PATH, orderRoutes } from "./routes/orders.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { runTraceRoutes } from "./routes/run-trace.ts";
import { serviceRoutes } from "./routes/service.ts";
import { wellKnownRoutes } from "./routes/well-known.ts";
import { createRunStore } from "./runs/run-store.ts";
import { createCallObserver } from "./services/call-observer.ts";
import { createConsentGrants } from "./services/consent-grants.ts";
import { CALLBACK_PATH, createConsentService, type PendingConsent } from "./services/consent-service.ts";
import { createRunService } from "./services/run-service.ts";
import { createTokenCache } from "./services/token-cache.ts";
import { createConsentRequests } from "./services/watch-consent-request.ts";
import { createUserTokenVerifier } from "./users/user-token.ts";

/** The reference's kid for the first one: a new key per start. */
const keyId = (sequence: number) => `backend-ephemeral-${sequence}`;
/** Longer than a consent waits, whose code only the key that asked can redeem. */
const KEEP_KEY_SECONDS = 900;
const MAX_PENDING_CONSENTS = 10_000;
const MAX_ASSERTIONS = 10_000;

export interface BackendDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Longest wait before a start answers `running` although nobody has let the run in yet. Default 10. */
  readonly startReplySeconds?: number;
  /** Default 15000. */
  readonly heartbeatMs?: number;
}

/** Puts the backend together. It does not listen yet. */
export async function buildBackend(
  config: BackendConfig,
  deps: BackendDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const issuer = issuerOf(config);
  const places = { agentUrl: config.supplyChainAgentUrl, issuer, backendUrl: config.agentUrl };
  const redirectUri = `${config.agentUrl}${CALLBACK_PATH}`;
  const orderReturnUrl = config.agentUrl + ORDER_RETURN_PATH;
  const keys = createKeyRing({
    key: deps.key ?? (await generateSigningKey({ kid: keyId(1) })),
    create: (sequence) => generateSigningKey({ kid: keyId(sequence) }),
    keepSeconds: Math.max(KEEP_KEY_SECONDS, config.agentTokenSeconds),
    now,
  });
  // An identity that is not https exists in development only, and so do its peers.
  const discovery = traceDiscovery(
    deps.discovery ?? createDiscovery({ development: config.agentUrl.startsWith("http:"), now }),
  );

  const identity = {
    id: config.agentUrl,
    key: keys,
    trustedAuthServers: [issuer],
    redirectUri,
    discovery,
    revealTokens: config.showTokens,
    tokenCache: createTokenCache(config.authTokenCacheSeconds, now),
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
  // Asks no user for consent: an auth server that wants it refuses who names no address to come back to (profile 6.2), and keeps nothing.
  const { redirectUri: _unnamed, ...withoutReturn } = identity;
  const undemanding = createAgent({
    ...withoutReturn,
    ...createAgentTrace(),
    signatureScheme: config.signatureScheme,
  });
  // At the auth server, and to its delegates, the backend is always itself, also where it calls agents by key alone.
  const itself = createAgent({ ...identity, ...createAgentTrace(), signatureScheme: "jwks" });
  const observe = createCallObserver({ logger });
  const pendingConsents = new QuotaStore<PendingConsent>({ maxEntries: MAX_PENDING_CONSENTS, now });
  const consentRequests = createConsentRequests(now);
  const grants = createConsentGrants(now);
  const runs = createRunService({
    store: createRunStore({ now }),
    pendingConsents,
    consentRequests,
    agent,
    client: createSupplyChainClient({ url: config.supplyChainAgentUrl, protocolVersion: config.a2aVersion }),
    observe,
    sharesTokens: config.authTokenCacheSeconds > 0,
    standingConsent: (userId) => grants.list(userId).at(-1),
    places,
    logger,
    now,
    timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
    startReplySeconds: deps.startReplySeconds ?? 10,
    ...(evidence && { during: evidence.during }),
  });
  const breakIt =
    evidence &&
    createBreakItService({
      evidence,
      transport: pooledTransport,
      keys: keys.usable,
      id: config.agentUrl,
      agentUrl: config.supplyChainAgentUrl,
      otherResourceUrl: config.otherResourceUrl,
      signatureScheme: config.signatureScheme,
      now,
    });
  const orders = createOrderService({
    agent: undemanding,
    client: createOrderClient({ url: config.supplyChainAgentUrl }),
    returnUrl: orderReturnUrl,
    observe,
    places,
    logger,
    now,
    timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
  });
  const consent = createConsentService({
    agent: config.agentUrl,
    pending: pendingConsents,
    consentRequests,
    grants,
    runs,
    observe,
    logger,
    client: createConsentClient({
      agent: itself,
      resource: config.supplyChainAgentUrl,
      trustedIssuers: [issuer],
      discovery,
      now,
    }),
  });

  const enrolments = createEnrolments(config.delegatesFile, logger);
  const issued = createIssuedTokens();
  const delegates = createDelegatesService({
    agent: config.agentUrl,
    enrolments,
    issued,
    client: createDelegateClient({ agent: itself, timeoutSeconds: config.supplyChainAgentTimeoutSeconds }),
    logger,
  });

  const app = createService({ name: "supply-chain-api", logger });
  await app.register(cors, {
    origin: [...config.corsAllowedOrigins],
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["Authorization", "Content-Type", "X-ID-Token", "traceparent", "tracestate"],
    maxAge: 600,
  });
  await app.register(async (api) => {
    api.setValidatorCompiler(validatorCompiler);
    api.setSerializerCompiler(serializerCompiler);
    await api.register(errorReplies);
    await api.register(userGate, {
      verifyUserToken: createUserTokenVerifier({ issuer, clientId: config.keycloakClientId, now }),
    });
    await api.register(serviceRoutes);
    await api.register(wellKnownRoutes, {
      jwks: () => toJwks(keys.published()),
      agentMetadata: agentMetadata({
        agent: config.agentUrl,
        redirect_uris: [redirectUri, orderReturnUrl],
        name: "AcmeCorp Supply Chain",
        homepage: config.frontendUrl,
      }),
    });
    await api.register(authRoutes, { keycloakUrl: config.keycloakUrl, realm: config.keycloakRealm });
    await api.register(consentCallbackRoutes, { consent, frontendUrl: config.frontendUrl });
    await api.register(consentRoutes, { consent });
    await api.register(orderRoutes, { orders, frontendUrl: config.frontendUrl });
    await api.register(optimizationRoutes, { runs });
    await api.register(progressEventRoutes, {
      runs,
      ...(deps.heartbeatMs !== undefined && { heartbeatMs: deps.heartbeatMs }),
    });
    await api.register(agentRoutes, { runs });
    await api.register(delegateRoutes, { delegates });
    await api.register(runTraceRoutes, {
      runs,
      orders,
      traces: createTraceClient({ url: config.traceQueryUrl }),
      explorerUrl: config.traceUiUrl,
      breakIt,
      now,
    });
    if (breakIt) await api.register(breakItRoutes, { runs, breakIt });
  });
  // Delegates are no users: what they prove is a key and a credential.
  await app.register(async (scope) => {
    const authority = canonicalAuthority(config.agentUrl);
    await scope.register(fastifyAAuth, {
      authority,
      verifier: createVerifier({
        authorities: [authority],
        schemes: ["hwk"],
        discovery,
        now,
        requireNonce: true,
      }),
      observer: gateTrace,
    });
    await delegateTokenRoute(scope, {
      agent: config.agentUrl,
      key: keys.current,
      authenticate: createDelegateAuthentication({
        enrolments,
        endpoint: `${config.agentUrl}${DELEGATE_TOKEN_PATH}`,
        usedAssertions: createMemoryReplayStore({ maxEntries: MAX_ASSERTIONS, now }),
        now,
      }),
      audiences: [config.supplyChainAgentUrl, issuer],
      lifetimeSeconds: config.agentTokenSeconds,
      issued,
      now,
    });
  });
  rotateKeys(app, keys, config.keyRotationSeconds);
  await app.ready();
  return { app };
}

import cors from "@fastify/cors";
import {
  agentMetadata,
  createDiscovery,
  createMemoryStore,
  type Discovery,
  generateSigningKey,
  type SigningKey,
  toJwks,
} from "aauth";
import { type AgentEvent, createAgent } from "aauth/agent";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { createService, type ServiceOptions } from "service-kit";
import { createConsentClient } from "./clients/consent-client.ts";
import { createSupplyChainClient } from "./clients/supply-chain-client.ts";
import { type BackendConfig, issuerOf } from "./config.ts";
import { errorReplies } from "./plugins/errors.ts";
import { userGate } from "./plugins/user.ts";
import { agentRoutes } from "./routes/agents.ts";
import { authRoutes } from "./routes/auth.ts";
import { consentRoutes } from "./routes/consent.ts";
import { consentCallbackRoutes } from "./routes/consent-callback.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { serviceRoutes } from "./routes/service.ts";
import { wellKnownRoutes } from "./routes/well-known.ts";
import { createRunStore } from "./runs/run-store.ts";
import { createCallObserver } from "./services/call-observer.ts";
import { createConsentGrants } from "./services/consent-grants.ts";
import { createConsentService, type PendingConsent } from "./services/consent-service.ts";
import { createRunService } from "./services/run-service.ts";
import { createTokenCache } from "./services/token-cache.ts";
import { createUserTokenVerifier } from "./users/user-token.ts";

/** The reference's kid: a new key per start. */
const KEY_ID = "backend-ephemeral-1";
const MAX_PENDING_CONSENTS = 10_000;

export interface BackendDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: a fresh key per start, as in the demo. */
  readonly key?: SigningKey;
  readonly discovery?: Discovery;
  /** Told of every protocol event, for spans and metrics. */
  readonly observer?: (event: AgentEvent) => void;
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
  const redirectUri = `${config.agentUrl}/auth/aauth/callback`;
  const key = deps.key ?? (await generateSigningKey({ kid: KEY_ID }));
  // An identity that is not https exists in development only, and so do its peers.
  const discovery =
    deps.discovery ?? createDiscovery({ development: config.agentUrl.startsWith("http:"), now });

  const identity = {
    id: config.agentUrl,
    key,
    trustedAuthServers: [issuer],
    redirectUri,
    discovery,
    revealTokens: config.showTokens,
    tokenCache: createTokenCache(config.authTokenCacheSeconds, now),
    now,
    ...(deps.observer && { observer: deps.observer }),
  };
  const agent = createAgent({ ...identity, signatureScheme: config.signatureScheme });
  const observe = createCallObserver({ logger });
  const pendingConsents = createMemoryStore<PendingConsent>({ maxEntries: MAX_PENDING_CONSENTS, now });
  const runs = createRunService({
    store: createRunStore({ now }),
    pendingConsents,
    agent,
    client: createSupplyChainClient({ url: config.supplyChainAgentUrl, protocolVersion: config.a2aVersion }),
    observe,
    sharesTokens: config.authTokenCacheSeconds > 0,
    places,
    logger,
    now,
    timeoutSeconds: config.supplyChainAgentTimeoutSeconds,
    startReplySeconds: deps.startReplySeconds ?? 10,
  });
  const consent = createConsentService({
    agent: config.agentUrl,
    pending: pendingConsents,
    grants: createConsentGrants(now),
    runs,
    observe,
    logger,
    // At the auth server the backend is always itself, also where it calls agents by key alone.
    client: createConsentClient({
      agent: createAgent({ ...identity, signatureScheme: "jwks" }),
      resource: config.supplyChainAgentUrl,
      trustedIssuers: [issuer],
      discovery,
      now,
    }),
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
      jwks: () => toJwks([key]),
      agentMetadata: agentMetadata({
        agent: config.agentUrl,
        redirect_uris: [redirectUri],
        name: "AcmeCorp Supply Chain",
        homepage: config.frontendUrl,
      }),
    });
    await api.register(authRoutes, { keycloakUrl: config.keycloakUrl, realm: config.keycloakRealm });
    await api.register(consentCallbackRoutes, { consent, frontendUrl: config.frontendUrl });
    await api.register(consentRoutes, { consent });
    await api.register(optimizationRoutes, { runs });
    await api.register(progressEventRoutes, {
      runs,
      ...(deps.heartbeatMs !== undefined && { heartbeatMs: deps.heartbeatMs }),
    });
    await api.register(agentRoutes, { runs });
  });
  await app.ready();
  return { app };
}

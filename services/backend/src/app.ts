import cors from "@fastify/cors";
import {
  agentMetadata,
  createDiscovery,
  createMemoryStore,
  type Discovery,
  generateSigningKey,
  type SigningKey,
  toJwks,
  verifyAuthToken,
} from "aauth";
import { type AgentEvent, createAgent } from "aauth/agent";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { createService, type ServiceOptions } from "service-kit";
import { createSupplyChainClient } from "./clients/supply-chain-client.ts";
import { type BackendConfig, issuerOf } from "./config.ts";
import { errorReplies } from "./plugins/errors.ts";
import { userGate } from "./plugins/user.ts";
import { agentRoutes } from "./routes/agents.ts";
import { authRoutes } from "./routes/auth.ts";
import { consentCallbackRoutes } from "./routes/consent-callback.ts";
import { optimizationRoutes } from "./routes/optimization.ts";
import { progressEventRoutes } from "./routes/progress-events.ts";
import { serviceRoutes } from "./routes/service.ts";
import { wellKnownRoutes } from "./routes/well-known.ts";
import { createRunStore } from "./runs/run-store.ts";
import { createCallObserver } from "./services/call-observer.ts";
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

  const agent = createAgent({
    id: config.agentUrl,
    key,
    signatureScheme: config.signatureScheme,
    trustedAuthServers: [issuer],
    redirectUri,
    discovery,
    revealTokens: config.showTokens,
    tokenCache: createTokenCache(config.authTokenCacheSeconds, now),
    now,
    ...(deps.observer && { observer: deps.observer }),
  });
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
    pending: pendingConsents,
    runs,
    async redeem({ authServer, code, run }) {
      const { observer } = observe(run);
      const { authToken } = await agent.redeemCode({ authServer, code, observer });
      // Not kept for the user's later runs: whose consent it is turns out only now.
      // The subject decides who may go on, so the token is verified although it came straight from its issuer.
      const { sub } = await verifyAuthToken(authToken, {
        audience: config.supplyChainAgentUrl,
        trustedIssuers: [issuer],
        discovery,
        now,
      });
      return { authToken, subject: sub };
    },
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

import {
  authServerSettings,
  booleanSetting,
  type Config,
  integerSetting,
  keyRotationSettings,
  listSetting,
  portSetting,
  profileSettings,
  publishedPeersSettings,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/settings";
import { agentUrl } from "topology";
import { z } from "zod";

/** Every setting of the backend. Only `service.ts` reads them. */
export const settings = {
  ...serviceSettings,
  ...storeSettings,
  ...tokenLogSettings,
  ...keyRotationSettings,
  ...profileSettings,
  ...telemetrySettings("supply-chain-backend"),
  port: setting({
    env: "PORT",
    flag: "port",
    schema: portSetting(8000),
    description: "TCP port to listen on",
  }),
  agentUrl: setting({
    env: "BACKEND_AGENT_URL",
    schema: urlSetting("http://backend.localhost:8000"),
    description: "The backend's identity as an agent, below which others fetch its metadata and keys",
  }),
  supplyChainAgentUrl: setting({
    env: "SUPPLY_CHAIN_AGENT_URL",
    schema: urlSetting(agentUrl("supply-chain-agent")),
    description: "URL and identity of the supply-chain agent, served by the gateway",
  }),
  supplyChainAgentTimeoutSeconds: setting({
    env: "SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS",
    schema: integerSetting(60, { minimum: 1, maximum: 600 }),
    description: "Longest wait for the supply-chain agent in one run, token requests included, in seconds",
  }),
  a2aVersion: setting({
    env: "BACKEND_A2A_VERSION",
    schema: z.enum(["0.3", "1.0"]).default("0.3"),
    description: "A2A protocol version spoken to the supply-chain agent: 0.3 or 1.0",
  }),
  ...publishedPeersSettings,
  ...authServerSettings,
  keycloakClientId: setting({
    env: "KEYCLOAK_CLIENT_ID",
    schema: z.string().min(1).default("supply-chain-ui"),
    description: "OIDC client whose access tokens are accepted",
  }),
  frontendUrl: setting({
    env: "AAUTH_FRONTEND_REDIRECT_URL",
    schema: urlSetting("http://localhost:3050"),
    description: "Page the browser returns to after consent",
  }),
  signatureScheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    flag: "signature-scheme",
    schema: z.enum(["hwk", "jwks"]).default("jwks"),
    description: "Scheme of the first signature: hwk (pseudonymous) or jwks (identified)",
  }),
  delegatesFile: setting({
    env: "BACKEND_DELEGATES_FILE",
    schema: z.string().min(1).optional(),
    description: "File with the public keys of delegates that receive agent tokens; unset: none",
  }),
  agentTokenSeconds: setting({
    env: "BACKEND_AGENT_TOKEN_SECONDS",
    schema: integerSetting(3600, { minimum: 1, maximum: 86_400 }),
    description: "Lifetime of a delegate's agent token, in seconds",
  }),
  authTokenCacheSeconds: setting({
    env: "AAUTH_AUTH_TOKEN_CACHE_TTL",
    schema: integerSetting(0, { maximum: 86_400 }),
    description: "Seconds an auth token is reused for the same user; 0: every run requests its own",
  }),
  traceQueryUrl: setting({
    env: "AAUTH_TRACE_QUERY_URL",
    schema: urlSetting("http://localhost:16686"),
    description: "Trace store with Jaeger's query API, from which the backend reads a run's trace",
  }),
  traceUiUrl: setting({
    env: "AAUTH_TRACE_UI_URL",
    schema: urlSetting("http://localhost:16686"),
    description: "The trace store's page, as browsers reach it",
  }),
  breakIt: setting({
    env: "AAUTH_BREAK_IT",
    schema: booleanSetting(false),
    description:
      "Demo mode: keep the requests of recent runs in memory, and send tampered ones on a user's request",
  }),
  otherResourceUrl: setting({
    env: "MARKET_ANALYSIS_AGENT_URL",
    schema: urlSetting(agentUrl("market-analysis-agent")),
    description: "In demo mode, the resource that receives an auth token meant for the supply-chain agent",
  }),
  corsAllowedOrigins: setting({
    env: "CORS_ALLOWED_ORIGINS",
    schema: listSetting(["http://localhost:3050"]),
    description: "Origins whose pages may call the API, separated by commas",
  }),
};

export type BackendConfig = Config<typeof settings>;

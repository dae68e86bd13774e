import { createDiscovery } from "aauth";
import { pooledTransport } from "aauth/agent";
import {
  agentMetadata,
  type FebruaryAgentOptions,
  february2026,
  february2026Agent,
  february2026Jwks,
  february2026Resource,
  february2026Tokens,
  februaryAgent,
} from "aauth/february-2026";
import { dialectsOf, warnOfPublishedPeers } from "agent-kit/february-2026";
import { issuerOf } from "agent-kit/settings";
import { apiRoutes } from "backend-api";
import { traceDiscovery } from "protocol-trace";
import type { BackendConfig } from "../config.ts";
import type { BackendDialect, DialectOptions } from "../dialect.ts";
import { keptKeySeconds, ownAgents } from "../own-agent.ts";
import { ORDER_RETURN_PATH } from "../routes/orders.ts";
import { februaryBreakIt } from "./break-it.ts";
import { createConsentGrants } from "./consent-grants.ts";
import { consentRoutes } from "./consent-routes.ts";
import { CALLBACK_PATH, ConsentService } from "./consent-service.ts";
import { februaryTokens } from "./delegate-tokens.ts";

/** The backend as one agent of February 2026, which acts for all its users. */
export async function createFebruaryDialect(options: DialectOptions): Promise<BackendDialect> {
  const { config, observe, logger, stores, now } = options;
  const { agentUrl, supplyChainAgentUrl, otherResourceUrl, signatureScheme } = config;
  // The auth server issues the tokens of users and auth tokens.
  const issuer = issuerOf(config);
  const redirectUri = agentUrl + CALLBACK_PATH;
  const orderReturnUrl = agentUrl + ORDER_RETURN_PATH;
  // The first key has the name of the published demo.
  const keys = await options.keys.signingKeys("backend", {
    kidPrefix: "backend-ephemeral",
    firstKid: "backend-ephemeral-1",
    keepSeconds: keptKeySeconds(config),
    now,
  });
  // An identity that is not https exists in development only, and so do its peers.
  const discovery = traceDiscovery(
    options.discovery ?? createDiscovery({ development: agentUrl.startsWith("http:"), now }),
  );
  warnOfPublishedPeers(logger, config);
  const createAgent = ownAgents({ ...options, keys, discovery });
  const { agent, nonInteractiveAgent, jwksAgent } = agentsOf(config, createAgent);
  const grants = createConsentGrants(stores, now);
  return {
    keys,
    jwks: () => february2026Jwks(keys.published()),
    discovery,
    documents: {
      [february2026.documents.kinds.agent.document.name]: agentMetadata({
        agent: agentUrl,
        redirect_uris: [redirectUri, orderReturnUrl],
        name: "AcmeCorp Supply Chain",
        homepage: config.frontendUrl,
      }),
    },
    places: { agentUrl: supplyChainAgentUrl, issuer, backendUrl: agentUrl },
    transport: pooledTransport,
    runs: {
      calls: { agentOf: () => agent },
      standingConsent: async (userId) => (await grants.list(userId)).at(-1),
    },
    orders: {
      agentOf: () => nonInteractiveAgent,
      returnUrl: ({ state }) => `${orderReturnUrl}?state=${state}`,
      named: (userId) => ({ approver: userId }),
    },
    breakIt: () =>
      februaryBreakIt({
        keys: keys.usable,
        id: agentUrl,
        signatureScheme,
        now,
        agentUrl: supplyChainAgentUrl,
        otherResourceUrl,
      }),
    delegates: () => ({
      tokens: februaryTokens({
        agent: agentUrl,
        key: keys.current,
        now,
        audiences: [supplyChainAgentUrl, issuer],
        lifetimeSeconds: config.agentTokenSeconds,
      }),
      keyProof: february2026Resource({ requireNonce: true }),
      callerFor: () => jwksAgent,
    }),
    unsupported: new Map(
      [apiRoutes.startDelegate, apiRoutes.endDelegate].map((route) => [route, UNSUPPORTED]),
    ),
    returnRoutes: async (api, { runs, consentRequests }) => {
      const consent = new ConsentService({
        agent: februaryAgent(jwksAgent),
        agentId: agentUrl,
        resource: supplyChainAgentUrl,
        verify: (token) =>
          february2026Tokens.verifyAuthToken(token, {
            audience: supplyChainAgentUrl,
            trustedIssuers: [issuer],
            discovery,
            now,
          }),
        sharesTokens: config.authTokenCacheSeconds > 0,
        consentRequests,
        grants,
        runs,
        observe,
        logger,
      });
      await api.register(consentRoutes, { consent, frontendUrl: config.frontendUrl });
    },
  };
}

const UNSUPPORTED =
  "Ending a delegate here: only with AAUTH_PROFILE=draft-11; elsewhere take its enrolment away";

/** The backend's agent, configured for three purposes. */
function agentsOf(config: BackendConfig, createAgent: ReturnType<typeof ownAgents>) {
  const { agentUrl: id, supplyChainAgentUrl, signatureScheme } = config;
  const issuer = issuerOf(config);
  const redirectUri = id + CALLBACK_PATH;
  const dialects = dialectsOf(config, supplyChainAgentUrl, issuer);
  const authServers = [issuer];
  const agentWith = (options: FebruaryAgentOptions) =>
    createAgent({ id, profile: february2026Agent(options) });
  return {
    agent: agentWith({ ...dialects, authServers, redirectUri, signatureScheme }),
    // Without a return address the auth server refuses consent and keeps nothing (profile 6.2).
    nonInteractiveAgent: agentWith({ ...dialects, authServers, signatureScheme }),
    // Auth server and delegates see the backend's identity, whatever `signatureScheme` is.
    jwksAgent: agentWith({
      ...dialects,
      dialect: february2026,
      authServers,
      redirectUri,
      signatureScheme: "jwks",
    }),
  };
}

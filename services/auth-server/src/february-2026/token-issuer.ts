import { type IssuerMetadata, february2026 as wire } from "aauth/february-2026";
import type { FastifyInstance } from "fastify";
import type { TokenIssuer, TokenIssuerOptions } from "../token-issuer.ts";
import { createConsentMemory } from "./consent/consent-memory.ts";
import { consentRoutes } from "./consent/consent-routes.ts";
import { createGrants } from "./grants.ts";
import { createIssueToken } from "./issue-token.ts";
import { knowOwnIssuer } from "./own-issuer.ts";
import { REQUEST_TYPES } from "./request-types/registry.ts";
import { createResourceTokenCheck } from "./resource-token-check.ts";
import { tokenEndpoint } from "./token-endpoint.ts";
import { createRequesterVerifier } from "./verify-requester.ts";

/** The issuer of auth tokens of February 2026 (profile 5.1). */
export const february2026: TokenIssuer = {
  documents(issuer, keySet) {
    const metadata: IssuerMetadata = {
      issuer,
      jwks_uri: `${issuer}/protocol/aauth/certs`,
      agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
      agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
      agent_signing_algs_supported: ["ed25519"],
      request_types_supported: REQUEST_TYPES.map(({ name }) => name),
      scopes_supported: [],
    };
    return { "/protocol/aauth/certs": keySet, "/.well-known/aauth-issuer": () => metadata };
  },
  cite(error) {
    error.section ??= wire.sectionOf(error.code);
  },
  register: registerIssuer,
};

async function registerIssuer(app: FastifyInstance, options: TokenIssuerOptions): Promise<void> {
  const { issuer, paths, state, keys, stores, now } = options;
  const logger = options.logger.child({ logger: "aauth.tokens" });
  const discovery = knowOwnIssuer(options.discovery, issuer, keys);
  const grants = createGrants(stores);
  const memory = createConsentMemory(stores.records("consents"), {
    // hole X2: () => state.realm.ssoSessionMaxLifespan
    lifetimeSeconds: () =>
      Math.min(state.policy().refreshTokenLifetimeSeconds, state.realm.ssoSessionMaxLifespan),
    now,
  });

  await app.register(tokenEndpoint, {
    path: `${paths.base}/protocol/aauth/agent`,
    state,
    logger,
    memory,
    verifier: createRequesterVerifier({
      issuer,
      discovery,
      replayStore: stores.claims(`replay ${issuer}`),
      now,
      trustedIssuers: () => [issuer, ...state.policy().trustedIssuers],
      publishedPeers: () => state.policy().publishedPeers,
      logger,
    }),
    context: {
      ...options,
      discovery,
      grants,
      issueToken: createIssueToken({
        issuer,
        keys,
        state,
        accounts: options.accounts,
        now,
        logger,
      }),
      checkResourceToken: createResourceTokenCheck({ issuer, discovery, now }),
    },
  });
  await app.register(consentRoutes, {
    ...options,
    discovery,
    grants,
    logger,
    memory,
  });
}

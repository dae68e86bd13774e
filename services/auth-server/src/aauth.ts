import type { Discovery, Stores } from "aauth";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { RsaKeys } from "issuer-kit/openid";
import { createConsentMemory } from "./consent/consent-memory.ts";
import { consentRoutes } from "./consent/consent-routes.ts";
import type { ReadSession } from "./consent/read-session.ts";
import { createGrants } from "./grants.ts";
import { createIssueToken } from "./issue-token.ts";
import type { OidcPaths } from "./oidc/oidc-paths.ts";
import { knowOwnIssuer } from "./own-issuer.ts";
import type { Accounts } from "./realm/accounts.ts";
import type { RealmState } from "./realm/realm-state.ts";
import { createResourceTokenCheck } from "./resource-token-check.ts";
import { tokenEndpoint } from "./token-endpoint.ts";
import { createRequesterVerifier } from "./verify-requester.ts";

/** The AAuth part of the server: tokens for agents, and users' consent to them. */
export async function aauth(
  app: FastifyInstance,
  options: {
    issuer: string;
    paths: OidcPaths;
    state: RealmState;
    accounts: Accounts;
    keys: RsaKeys;
    /** Source of agents' and resources' keys and metadata. */
    discovery: Discovery;
    development: boolean;
    readSession: ReadSession;
    /** Seconds a request waits for the user's consent. */
    consentSeconds: number;
    stores: Stores;
    logger: FastifyBaseLogger;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
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

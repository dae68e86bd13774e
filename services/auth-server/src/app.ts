import formbody from "@fastify/formbody";
import { AAuthError, createDiscovery, createMemoryStores, type Discovery, type Stores } from "aauth";
import {
  createLogger,
  createService,
  memoryKeys,
  rotateKeys,
  type ServiceKeys,
  type ServiceOptions,
} from "agent-kit/service";
import type { ProfileName } from "agent-kit/settings";
import type { FastifyInstance } from "fastify";
import { serveIcon } from "issuer-kit";
import { createRsaKeys, mountOidcProvider, type RsaKeys } from "issuer-kit/openid";
import { traceDiscovery } from "protocol-trace";
import { realmAdmin } from "./admin/realm-admin.ts";
import { type AuthServerConfig, hasDemoUsers, originOf } from "./config.ts";
import { documents } from "./documents.ts";
import { february2026 } from "./february-2026/token-issuer.ts";
import { login } from "./oidc/login.ts";
import { CONSENT_CLIENT_ID } from "./oidc/oidc-configuration.ts";
import { oidcPaths } from "./oidc/oidc-paths.ts";
import { createReadSession } from "./oidc/read-session.ts";
import { createRealmProvider } from "./oidc/realm-provider.ts";
import { createAccounts } from "./realm/accounts.ts";
import { createPasswordLimit } from "./realm/password-limit.ts";
import { siteOf } from "./realm/realm.ts";
import { loadRealm } from "./realm/realm-state.ts";
import type { TokenIssuer } from "./token-issuer.ts";

export interface AuthServerDependencies {
  readonly logger?: ServiceOptions["logger"];
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Default: new ones. */
  readonly keys?: ServiceKeys;
  /** Default: the realm's keys in `keys`. */
  readonly rsaKeys?: RsaKeys;
  /** Source of agents' and resources' keys and metadata. Default: the network. */
  readonly discovery?: Discovery;
  /** State that outlives a request. Default: in memory, for this process only. */
  readonly stores?: Stores;
}

export interface AuthServer {
  readonly app: FastifyInstance;
  readonly issuer: string;
}

/** Requests are forms and small JSON documents; the largest carry one or two tokens. */
const MAX_BODY_BYTES = 65_536;

/** Issuers of auth tokens. In profiles without one, the server only signs users in. */
const TOKEN_ISSUERS: Partial<Readonly<Record<ProfileName, TokenIssuer>>> = {
  "february-2026": february2026,
};

/** Builds the auth server: the realm's OpenID provider and the profile's token issuer. */
export async function buildAuthServer(
  config: AuthServerConfig,
  dependencies: AuthServerDependencies = {},
): Promise<AuthServer> {
  const state = await loadRealm(config);
  const { realm } = state;
  const origin = originOf(config);
  const issuer = `${origin}/realms/${realm.realm}`;
  // Plain http is only allowed on loopback, and then agents may be on loopback, too.
  const development = origin.startsWith("http:");
  const {
    now = () => Math.floor(Date.now() / 1000),
    discovery = traceDiscovery(createDiscovery({ development, now })),
    stores = createMemoryStores({ now }),
    logger = createLogger({
      service: "auth-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    }),
  } = dependencies;
  const paths = oidcPaths(issuer);
  const passwordLimit = createPasswordLimit({ realm, logger, now });
  const accounts = createAccounts(realm, passwordLimit);
  const keepSeconds = () => Math.max(realm.accessTokenLifespan, state.policy().authTokenLifetimeSeconds);
  const { keys: kept = memoryKeys() } = dependencies;
  const keys = dependencies.rsaKeys ?? (await createRsaKeys(kept, "auth-server", { keepSeconds, now }));
  const cookieSecret = await kept.secret("auth-server-cookies");

  const app = createService({ name: "auth-server", logger, maxBodyBytes: MAX_BODY_BYTES });
  await app.register(formbody);
  const tokenIssuer = TOKEN_ISSUERS[config.profile]; // hole S15: Object.values(TOKEN_ISSUERS)[0]
  if (tokenIssuer) {
    app.addHook("onError", async (_request, _reply, error) => {
      for (const reason of [error, error.cause]) if (reason instanceof AAuthError) tokenIssuer.cite(reason);
    });
  }
  const site = siteOf(realm);
  serveIcon(app, site);
  await app.register(documents, { realm, keys, issuer, tokenIssuer });
  const shared = { realm, site, issuer, paths, accounts, keys, stores, logger, now };
  const provider = createRealmProvider({ ...shared, cookieSecret });
  const readSession = createReadSession(provider, accounts);
  await app.register(login, { ...shared, provider, readSession, hasDemoUsers: hasDemoUsers(config) });
  await app.register(mountOidcProvider, {
    ...shared,
    provider,
    routes: paths.routes,
    ownClientId: CONSENT_CLIENT_ID,
  });
  const { consentSeconds } = config;
  const issuing = { ...shared, state, discovery, development, consentSeconds, readSession };
  if (tokenIssuer) await app.register(tokenIssuer.register, issuing);
  if (development) {
    await app.register(realmAdmin, {
      state,
      keys,
      passwordLimit,
      host: new URL(origin).host,
      stores,
      passwordFile: config.adminPasswordFile,
    });
  }
  rotateKeys(app, keys, config.keyRotationSeconds);
  return { app, issuer };
}

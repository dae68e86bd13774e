import formbody from "@fastify/formbody";
import { createDiscovery, type Discovery } from "aauth";
import { createLogger, createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { traceDiscovery } from "protocol-trace";
import { aauth } from "./aauth.ts";
import { readPasswordFile } from "./admin/password-file.ts";
import { realmAdmin } from "./admin/realm-admin.ts";
import type { AuthServerConfig } from "./config.ts";
import { createReadSession } from "./consent/read-session.ts";
import { cors } from "./cors.ts";
import { type CreateStore, memoryStores } from "./create-store.ts";
import { loadRealm } from "./load-realm.ts";
import { oidcPaths } from "./oidc/oidc-paths.ts";
import { registerOpenid } from "./oidc/openid.ts";
import { favicon } from "./pages/favicon.ts";
import { createAccounts } from "./realm/accounts.ts";
import { createGuessLimit } from "./realm/guess-limit.ts";
import { realmDocuments } from "./realm/realm-documents.ts";
import { createRealmKeys, type RealmKeys } from "./realm/realm-keys.ts";
import { switchedOff } from "./switched-off.ts";

export interface AuthServerDependencies {
  readonly logger?: ServiceOptions["logger"];
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Default: new ones, of the algorithm in the configuration. */
  readonly keys?: RealmKeys;
  /** Default: in memory. */
  readonly createStore?: CreateStore;
  /** Where keys and metadata of agents and resources come from. Default: the network. */
  readonly discovery?: Discovery;
}

export interface AuthServer {
  readonly app: FastifyInstance;
  readonly issuer: string;
}

/** Requests are forms and small JSON documents; the largest carry a token or two. */
const MAX_BODY_BYTES = 65_536;

/** Puts the auth server together: the realm's OpenID provider, and the AAuth issuer beside it. */
export async function buildAuthServer(
  config: AuthServerConfig,
  dependencies: AuthServerDependencies = {},
): Promise<AuthServer> {
  const state = await loadRealm(config);
  const { realm } = state;
  const issuer = `${config.url}/realms/${realm.realm}`;
  // Plain http is for the own machine only (see config): then agents may be there, too.
  const development = config.url.startsWith("http:");
  const {
    now = () => Math.floor(Date.now() / 1000),
    createStore = memoryStores(now),
    discovery = traceDiscovery(createDiscovery({ development, now })),
    logger = createLogger({
      service: "auth-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    }),
  } = dependencies;
  const paths = oidcPaths(issuer);
  // The clock of everything else has whole seconds.
  const nowMs = dependencies.now === undefined ? Date.now : () => now() * 1000;
  const guessLimit = createGuessLimit({
    settings: realm,
    ids: realm.users.map(({ id }) => id),
    createStore,
    nowMs,
    logger,
  });
  const accounts = createAccounts(realm, guessLimit);
  const keepSeconds = () => Math.max(realm.accessTokenLifespan, state.policy().authTokenLifetimeSeconds);
  const keys = dependencies.keys ?? (await createRealmKeys(config.authTokenAlgorithm, { keepSeconds, now }));

  const app = createService({ name: "auth-server", logger, maxBodyBytes: MAX_BODY_BYTES });
  await app.register(formbody);
  await app.register(cors, {
    base: paths.base,
    origins: realm.clients.filter(({ enabled }) => enabled).flatMap((client) => client.webOrigins),
  });
  await app.register(switchedOff, { realm, base: paths.base });
  await app.register(favicon);
  await app.register(realmDocuments, { realm, keys, issuer });
  const shared = { issuer, paths, accounts, keys, createStore, logger, now };
  const provider = await registerOpenid(app, { ...shared, realm });
  await app.register(aauth, {
    ...shared,
    state,
    discovery,
    development,
    consentSeconds: config.consentSeconds,
    readSession: createReadSession(provider, accounts),
  });
  if (development && config.adminEnabled) {
    const { adminPasswordFile: file } = config;
    const own = file === undefined ? {} : { password: readPasswordFile(file) };
    await app.register(realmAdmin, {
      state,
      keys,
      guessLimit,
      host: new URL(config.url).host,
      createStore,
      nowMs,
      logger,
      ...own,
    });
  }
  rotateKeys(app, keys, config.keyRotationSeconds);
  return { app, issuer };
}

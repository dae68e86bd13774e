import formbody from "@fastify/formbody";
import { createDiscovery, type Discovery } from "aauth";
import { createLogger, createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { traceDiscovery } from "protocol-trace";
import { aauth } from "./aauth.ts";
import { realmAdmin } from "./admin/realm-admin.ts";
import type { AuthServerConfig } from "./config.ts";
import { createReadSession } from "./consent/read-session.ts";
import { documents } from "./documents.ts";
import { login } from "./oidc/login.ts";
import { mountOidcProvider } from "./oidc/mount-oidc-provider.ts";
import { oidcPaths } from "./oidc/oidc-paths.ts";
import { createOidcProvider } from "./oidc/oidc-provider.ts";
import { userinfo } from "./oidc/userinfo.ts";
import { MARK } from "./pages/style.ts";
import { createAccounts } from "./realm/accounts.ts";
import { createPasswordLimit } from "./realm/password-limit.ts";
import { createRealmKeys, type RealmKeys } from "./realm/realm-keys.ts";
import { loadRealm } from "./realm/realm-state.ts";
import { REQUEST_TYPES } from "./request-types/registry.ts";
import type { RequestType } from "./request-types/request-type.ts";
import { type CreateStore, memoryStores } from "./store.ts";

export interface AuthServerDependencies {
  readonly logger?: ServiceOptions["logger"];
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Default: new ones. */
  readonly keys?: RealmKeys;
  /** Default: in memory. */
  readonly createStore?: CreateStore;
  /** Where keys and metadata of agents and resources come from. Default: the network. */
  readonly discovery?: Discovery;
  /** Default: those of the registry. */
  readonly requestTypes?: readonly RequestType[];
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
  // The configuration allows plain http on loopback only: then agents may be there, too.
  const development = config.url.startsWith("http:");
  const {
    now = () => Math.floor(Date.now() / 1000),
    createStore = memoryStores(now),
    discovery = traceDiscovery(createDiscovery({ development, now })),
    requestTypes = REQUEST_TYPES,
    logger = createLogger({
      service: "auth-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    }),
  } = dependencies;
  const paths = oidcPaths(issuer);
  const passwordLimit = createPasswordLimit(realm, logger);
  const accounts = createAccounts(realm, passwordLimit);
  const keepSeconds = () => Math.max(realm.accessTokenLifespan, state.policy().authTokenLifetimeSeconds);
  const keys = dependencies.keys ?? (await createRealmKeys({ keepSeconds, now }));

  const app = createService({ name: "auth-server", logger, maxBodyBytes: MAX_BODY_BYTES });
  await app.register(formbody);
  // Browsers try the second address for documents without a link to an icon.
  for (const path of ["/favicon.svg", "/favicon.ico"]) {
    app.get(path, async (_request, reply) =>
      reply.type("image/svg+xml").header("cache-control", "public, max-age=86400").send(MARK),
    );
  }
  await app.register(documents, { realm, keys, issuer, requestTypes });
  const shared = { realm, issuer, paths, accounts, keys, createStore, logger, now };
  const provider = await createOidcProvider(shared);
  await app.register(login, { ...shared, provider });
  await app.register(userinfo, shared);
  await app.register(mountOidcProvider, { ...shared, provider });
  await app.register(aauth, {
    ...shared,
    state,
    requestTypes,
    discovery,
    development,
    consentSeconds: config.consentSeconds,
    readSession: createReadSession(provider, accounts),
  });
  if (development && config.adminEnabled) {
    await app.register(realmAdmin, {
      state,
      keys,
      passwordLimit,
      host: new URL(config.url).host,
      createStore,
      passwordFile: config.adminPasswordFile,
    });
  }
  rotateKeys(app, keys, config.keyRotationSeconds);
  return { app, issuer };
}

import { randomBytes } from "node:crypto";
import formbody from "@fastify/formbody";
import { createDiscovery, type Discovery } from "aauth";
import { createDirectedSubjects } from "aauth/server";
import { createLogger, createService, rotateKeys, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { traceDiscovery } from "protocol-trace";
import { aauth } from "./aauth.ts";
import { realmAdmin } from "./admin/realm-admin.ts";
import { type AuthServerConfig, originOf } from "./config.ts";
import { createReadSession } from "./consent/read-session.ts";
import { documents } from "./documents.ts";
import { draft11Servers } from "./draft-11/draft-11.ts";
import { resourceClients } from "./draft-11/resource-clients.ts";
import { login } from "./oidc/login.ts";
import { mountOidcProvider } from "./oidc/mount-oidc-provider.ts";
import { oidcPaths } from "./oidc/oidc-paths.ts";
import { createOidcProvider } from "./oidc/oidc-provider.ts";
import { MARK } from "./pages/style.ts";
import { createAccounts } from "./realm/accounts.ts";
import { createPasswordLimit } from "./realm/password-limit.ts";
import { createRealmKeys, type RealmKeys } from "./realm/realm-keys.ts";
import { loadRealm } from "./realm/realm-state.ts";
import { memoryStores } from "./store.ts";

export interface AuthServerDependencies {
  readonly logger?: ServiceOptions["logger"];
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  /** Default: new ones. */
  readonly keys?: RealmKeys;
  /** Where keys and metadata of agents and resources come from. Default: the network. */
  readonly discovery?: Discovery;
}

export interface AuthServer {
  readonly app: FastifyInstance;
  readonly issuer: string;
}

/** Requests are forms and small JSON documents; the largest carry a token or two. */
const MAX_BODY_BYTES = 65_536;
const SECRET_BYTES = 32;

/**
 * Puts the auth server together: the realm's OpenID provider, and the AAuth issuer beside it; with
 * draft -11 a person server and an access server in the issuer's place.
 */
export async function buildAuthServer(
  config: AuthServerConfig,
  dependencies: AuthServerDependencies = {},
): Promise<AuthServer> {
  const state = await loadRealm(config);
  const { realm } = state;
  const origin = originOf(config);
  const issuer = `${origin}/realms/${realm.realm}`;
  // The configuration allows plain http on loopback only: then agents may be there, too.
  const development = origin.startsWith("http:");
  const {
    now = () => Math.floor(Date.now() / 1000),
    discovery = traceDiscovery(createDiscovery({ development, now })),
    logger = createLogger({
      service: "auth-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    }),
  } = dependencies;
  const createStore = memoryStores(now);
  const paths = oidcPaths(issuer);
  const passwordLimit = createPasswordLimit({ realm, logger, now });
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
  const isDraft11 = config.profile === "draft-11";
  await app.register(documents, { realm, keys, issuer, isAAuthIssuer: !isDraft11 });
  const shared = { realm, issuer, paths, accounts, keys, createStore, logger, now };
  const subjectSecret = new Uint8Array(randomBytes(SECRET_BYTES));
  const provider = createOidcProvider({
    ...shared,
    ...(isDraft11 && { resources: resourceClients(config, createDirectedSubjects(subjectSecret)) }),
  });
  await app.register(login, { ...shared, provider });
  await app.register(mountOidcProvider, { ...shared, provider });
  const readSession = createReadSession(provider, accounts);
  const { consentSeconds } = config;
  if (isDraft11) {
    const draft11 = { config, state, readSession, subjectSecret, development };
    await app.register(draft11Servers, { ...shared, ...draft11 });
  }
  const servesFebruary = !isDraft11; // hole S15
  if (servesFebruary) {
    await app.register(aauth, { ...shared, state, discovery, development, consentSeconds, readSession });
  }
  if (development) {
    await app.register(realmAdmin, {
      state,
      keys,
      passwordLimit,
      host: new URL(origin).host,
      createStore,
      passwordFile: config.adminPasswordFile,
    });
  }
  rotateKeys(app, keys, config.keyRotationSeconds);
  return { app, issuer };
}

import { randomBytes } from "node:crypto";
import type { EventEmitter } from "node:events";
import type { FastifyBaseLogger } from "fastify";
import type { errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { OAuthError } from "../oauth-error.ts";
import type { Accounts } from "../realm/accounts.ts";
import type { Realm } from "../realm/realm.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import type { CreateStore } from "../store.ts";
import { oidcConfiguration } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import { registerPasswordGrant } from "./password-grant.ts";
import { createStorageAdapter } from "./storage-adapter.ts";

export type OidcLibrary = typeof import("oidc-provider");

/**
 * The OpenID provider of the realm, configured and ready to be mounted. The library reads its keys
 * once, so that after a rotation there is a new provider: ask for it with each request. Sessions,
 * codes and tokens are in the stores and outlast it.
 */
export async function createOidcProvider(options: {
  realm: Realm;
  issuer: string;
  paths: OidcPaths;
  accounts: Accounts;
  keys: RealmKeys;
  createStore: CreateStore;
  logger: FastifyBaseLogger;
  now: () => number;
}): Promise<() => Provider> {
  const { realm, createStore, logger, now } = options;
  loading ??= loadLibrary(logger);
  const library = await loading;
  const adapter = createStorageAdapter({
    createStore,
    grantLifetimeSeconds: realm.ssoSessionMaxLifespan,
    now,
    alreadyUsed: () => new library.errors.InvalidGrant("already used"),
    full: (refusal) => temporarilyUnavailable(library, refusal),
  });
  const cookieKeys = [randomBytes(32).toString("base64url")];
  let latest: { kid: string; provider: Provider } | undefined;
  return () => {
    const { kid } = options.keys.currentKey;
    if (latest?.kid !== kid) {
      latest = { kid, provider: buildProvider({ ...options, adapter, cookieKeys, library }) };
    }
    return latest.provider;
  };
}

type ProviderOptions = Parameters<typeof oidcConfiguration>[0] & {
  logger: FastifyBaseLogger;
  library: OidcLibrary;
};

function buildProvider(options: ProviderOptions): Provider {
  const { realm, issuer, accounts, logger, library } = options;
  const provider = new library.Provider(issuer, oidcConfiguration(options));
  registerPasswordGrant(provider, { accounts, realm, issuer, library });
  // Mounted by mountOidcProvider, which replaces the request's host and scheme by the configured
  // ones.
  provider.proxy = true;
  provider.on("server_error", (ctx, error) =>
    logger.error({ err: error, path: ctx.path }, "OpenID request failed"),
  );
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    logger.debug({ path: ctx.path, code: error.error, reason: error.error_detail }, "OpenID request refused");
  // Otherwise Koa writes to the console, for example when a caller hangs up. The library's types
  // lack its own base class.
  (provider as EventEmitter).on("error", (error: Error) =>
    logger.info({ reason: error.message }, "OpenID request not answered"),
  );
  provider.on("authorization.error", refused);
  provider.on("grant.error", refused);
  provider.on("end_session.error", refused);
  return provider;
}

/** Loaded once: of two loads at a time, one would put back the other's `console.warn`. */
let loading: Promise<OidcLibrary> | undefined;

/**
 * Imports oidc-provider. While its modules are evaluated it writes to the console that it prefers a
 * long-term-support release of Node; there is no setting against that. During the import, and only
 * then, its notices go to the log; lines of others stay on the console.
 */
async function loadLibrary(logger: FastifyBaseLogger): Promise<OidcLibrary> {
  const { warn } = console;
  console.warn = (...args: unknown[]) => {
    const notice = args.join(" ");
    if (notice.includes("oidc-provider")) logger.debug({ notice }, "Notice of oidc-provider at its import");
    else warn(...args);
  };
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}

/** 503, as this server answers it elsewhere; the library itself has 400 for it. */
function temporarilyUnavailable(library: OidcLibrary, { message, status }: OAuthError): Error {
  const error = new library.errors.TemporarilyUnavailable(message);
  return Object.assign(error, { status, statusCode: status });
}

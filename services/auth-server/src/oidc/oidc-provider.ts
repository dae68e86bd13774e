import { randomBytes } from "node:crypto";
import type { EventEmitter } from "node:events";
import type { FastifyBaseLogger } from "fastify";
import type { errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Accounts } from "../realm/accounts.ts";
import type { Realm, RealmClient } from "../realm/realm.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import type { CreateStore } from "../store.ts";
import { temporarilyUnavailable } from "./library-errors.ts";
import { loadOidcLibrary, type OidcLibrary } from "./load-library.ts";
import { CONSENT_CLIENT_ID, oidcConfiguration } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import { registerPasswordGrant } from "./password-grant.ts";
import { postLogoutRedirectUriAllowed, redirectUriAllowed } from "./redirect-uris.ts";
import { createStorageAdapter } from "./storage-adapter.ts";

/**
 * The OpenID provider of the realm, configured and ready to be mounted. The library reads its keys once, so that after a rotation
 * there is a new provider: ask for it with each request. Sessions, codes and tokens are in the stores and outlast it.
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
  const library = await loadOidcLibrary(logger);
  const adapter = createStorageAdapter({
    createStore,
    grantLifetimeSeconds: realm.ssoSessionMaxLifespan,
    now,
    alreadyUsed: () => new library.errors.InvalidGrant("already used"),
    full: () => temporarilyUnavailable(library, "Too much is being kept for others: try again later"),
  });
  const cookieKeys = [randomBytes(32).toString("base64url")];
  let latest: { kid: string; provider: Provider } | undefined;
  return () => {
    const { kid } = options.keys.authTokenKey;
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
  useRealmRedirectUris(provider, realm.clients);
  // Mounted by mountOidcProvider, which says what the request's host and scheme are: the configured ones.
  provider.proxy = true;
  provider.on("server_error", (ctx, error) =>
    logger.error({ err: error, path: ctx.path }, "OpenID request failed"),
  );
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    logger.debug({ path: ctx.path, code: error.error, reason: error.error_detail }, "OpenID request refused");
  // Else Koa writes onto the console, for example of a caller that hung up. The library's types do not know its own base.
  (provider as EventEmitter).on("error", (error: Error) =>
    logger.info({ reason: error.message }, "OpenID request not answered"),
  );
  provider.on("authorization.error", refused);
  provider.on("grant.error", refused);
  provider.on("end_session.error", refused);
  return provider;
}

/** The library compares redirect URIs exactly; replacing these two methods is its documented way to another rule. */
function useRealmRedirectUris(provider: Provider, clients: readonly RealmClient[]): void {
  const find = (id: string) => clients.find(({ clientId }) => clientId === id);
  const exact = provider.Client.prototype.redirectUriAllowed;
  provider.Client.prototype.redirectUriAllowed = function allowed(uri) {
    if (this.clientId === CONSENT_CLIENT_ID) return exact.call(this, uri);
    const client = find(this.clientId);
    return client !== undefined && redirectUriAllowed(client, uri);
  };
  provider.Client.prototype.postLogoutRedirectUriAllowed = function allowed(uri) {
    const client = find(this.clientId);
    return client !== undefined && postLogoutRedirectUriAllowed(client, uri);
  };
}

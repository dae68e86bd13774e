import { randomBytes } from "node:crypto";
import type { EventEmitter } from "node:events";
import { networkOf } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import type { errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { ResourceClients } from "../draft-11/resource-clients.ts";
import type { Accounts } from "../realm/accounts.ts";
import type { Realm } from "../realm/realm.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import type { CreateStore } from "../store.ts";
import { Provider as OidcProvider } from "./library.ts";
import { oidcConfiguration } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import { registerPasswordGrant } from "./password-grant.ts";
import { createStorageAdapter } from "./storage-adapter.ts";

/**
 * The OpenID provider of the realm, configured and ready to be mounted. The library reads its keys
 * once, so that after a rotation there is a new provider: ask for it with each request. Sessions,
 * codes and tokens are in the stores and outlast it.
 */
export function createOidcProvider(options: {
  realm: Realm;
  issuer: string;
  paths: OidcPaths;
  accounts: Accounts;
  keys: RealmKeys;
  createStore: CreateStore;
  resources?: ResourceClients | undefined;
  logger: FastifyBaseLogger;
  now: () => number;
}): () => Provider {
  const { realm, createStore, now } = options;
  const adapter = createStorageAdapter({
    createStore,
    grantLifetimeSeconds: realm.ssoSessionMaxLifespan,
    callerNetwork: () => networkOf(OidcProvider.ctx?.ip ?? ""),
    now,
  });
  const cookieKeys = [randomBytes(32).toString("base64url")];
  let latest: { kid: string; provider: Provider } | undefined;
  return () => {
    const { kid } = options.keys.currentKey;
    if (latest?.kid !== kid) {
      latest = { kid, provider: buildProvider({ ...options, adapter, cookieKeys }) };
    }
    return latest.provider;
  };
}

type ProviderOptions = Parameters<typeof oidcConfiguration>[0] & {
  logger: FastifyBaseLogger;
};

function buildProvider(options: ProviderOptions): Provider {
  const { realm, issuer, accounts, logger } = options;
  const provider = new OidcProvider(issuer, oidcConfiguration(options));
  registerPasswordGrant(provider, { accounts, realm, issuer });
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

import type { Stores } from "aauth";
import type { FastifyBaseLogger } from "fastify";
import { createOidcProvider, type RsaKeys } from "issuer-kit/openid";
import type { Provider } from "oidc-provider";
import type { Accounts } from "../realm/accounts.ts";
import type { Realm } from "../realm/realm.ts";
import { oidcConfiguration } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import { registerPasswordGrant } from "./password-grant.ts";

/** Returns the realm's OpenID provider. Call it for each request, because keys are rotated. */
export function createRealmProvider(options: {
  realm: Realm;
  issuer: string;
  paths: OidcPaths;
  accounts: Accounts;
  keys: RsaKeys;
  cookieSecret: Uint8Array;
  stores: Pick<Stores, "records">;
  logger: FastifyBaseLogger;
  /** Unix seconds. */
  now: () => number;
}): () => Provider {
  return createOidcProvider({
    ...options,
    grantLifetimeSeconds: options.realm.ssoSessionMaxLifespan,
    configuration: (parts) => oidcConfiguration({ ...options, ...parts }),
    extend: (provider) => registerPasswordGrant(provider, options),
  });
}

import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Provider } from "oidc-provider";
import type { Accounts } from "../realm/accounts.ts";
import type { Realm } from "../realm/realm.ts";
import type { RealmKeys } from "../realm/realm-keys.ts";
import type { CreateStore } from "../store.ts";
import { login } from "./login.ts";
import { mountOidcProvider } from "./mount-oidc-provider.ts";
import type { OidcPaths } from "./oidc-paths.ts";
import { createOidcProvider } from "./oidc-provider.ts";
import { userinfo } from "./userinfo.ts";

export interface OpenidOptions {
  realm: Realm;
  issuer: string;
  paths: OidcPaths;
  accounts: Accounts;
  keys: RealmKeys;
  createStore: CreateStore;
  logger: FastifyBaseLogger;
  /** Unix seconds. */
  now: () => number;
}

/**
 * Registers the OpenID half: sign-in, tokens and sign-out for people. Gives the provider of the moment, whose sessions the AAuth half
 * reads.
 */
export async function registerOpenid(app: FastifyInstance, options: OpenidOptions): Promise<() => Provider> {
  const provider = await createOidcProvider(options);
  await app.register(login, { ...options, provider });
  await app.register(userinfo, options);
  await app.register(mountOidcProvider, { ...options, provider });
  return provider;
}

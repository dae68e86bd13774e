import type { EventEmitter } from "node:events";
import type { Stores } from "aauth";
import { networkOf } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import type { AdapterFactory, Configuration, errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import { Provider as OidcProvider } from "./library.ts";
import type { RsaKeys } from "./rsa-keys.ts";
import { createStorageAdapter } from "./storage-adapter.ts";

export interface OidcProviderOptions {
  readonly issuer: string;
  readonly keys: RsaKeys;
  /** Signs the browser's cookies. */
  readonly cookieSecret: Uint8Array;
  readonly stores: Pick<Stores, "records">;
  /** Lifetime of the longest-lived model, seconds. */
  readonly grantLifetimeSeconds: number;
  /** Called again after each rotation of the keys. */
  readonly configuration: (parts: OidcProviderParts) => Configuration;
  /** Extends a provider beyond its configuration. Default: nothing. */
  readonly extend?: (provider: Provider) => void;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Parts of a configuration that outlive the keys. */
export interface OidcProviderParts {
  readonly adapter: AdapterFactory;
  /** Keys that sign the browser's cookies. */
  readonly cookieKeys: string[];
}

/**
 * Creates an OpenID provider, ready to be mounted. The library reads its keys once, so a rotation
 * creates a new provider: call the result for each request. Sessions, codes and tokens are in the
 * stores and outlive it.
 */
export function createOidcProvider(options: OidcProviderOptions): () => Provider {
  const { stores, grantLifetimeSeconds, now } = options;
  const adapter = createStorageAdapter({
    stores,
    grantLifetimeSeconds,
    callerNetwork: () => networkOf(OidcProvider.ctx?.ip ?? ""),
    now,
  });
  const parts = { adapter, cookieKeys: [Buffer.from(options.cookieSecret).toString("base64url")] };
  let latest: { kid: string; provider: Provider } | undefined;
  return () => {
    const { kid } = options.keys.currentKey;
    if (latest?.kid !== kid) latest = { kid, provider: buildProvider(options, parts) };
    return latest.provider;
  };
}

function buildProvider(
  { issuer, configuration, extend, logger }: OidcProviderOptions,
  parts: OidcProviderParts,
): Provider {
  const provider = new OidcProvider(issuer, configuration(parts));
  extend?.(provider);
  // Mounted by mountOidcProvider, which replaces the request's host and scheme by the configured
  // ones.
  provider.proxy = true;
  provider.on("server_error", (ctx, error) =>
    logger.error({ err: error, path: ctx.path }, "OpenID request failed"),
  );
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) =>
    logger.debug({ path: ctx.path, code: error.error, reason: error.error_detail }, "OpenID request refused");
  // Otherwise Koa writes to the console, for example if a caller disconnects. The library's types
  // lack its base class.
  (provider as EventEmitter).on("error", (error: Error) =>
    logger.info({ reason: error.message }, "OpenID request not answered"),
  );
  provider.on("authorization.error", refused);
  provider.on("grant.error", refused);
  provider.on("end_session.error", refused);
  return provider;
}

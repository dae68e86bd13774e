import {
  allowInsecureRequests,
  ClientSecretBasic,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from "openid-client";
import { createBoundedFetch } from "./bounded-fetch.ts";

export interface ProviderClientOptions {
  readonly issuer: URL;
  readonly clientId: string;
  /** Sent by HTTP Basic authentication. Default: a public client. */
  readonly clientSecret?: string | undefined;
  /** Whether plain http is accepted for providers on loopback. */
  readonly development: boolean;
  /** Unix seconds. */
  readonly now: () => number;
}

/** This server as a client of its OpenID provider, with the provider's metadata. */
export interface ProviderClient {
  /** The metadata, cached for a minute and fetched again after a failure. */
  recent(): Promise<Configuration>;
  /**
   * Configuration for one sign-in: starts its deadline and uses a key set no older than the token.
   * Keys are fetched only after the provider has accepted the code.
   */
  forOneSignIn(provider: Configuration): Configuration;
}

/** Deadline for the metadata, and for all requests with one code together. */
const TIMEOUT_SECONDS = 10;
/** Seconds the provider's metadata is cached. */
const DOCUMENT_SECONDS = 60;

export function createProviderClient(options: ProviderClientOptions): ProviderClient {
  const { issuer, clientId, clientSecret, development, now } = options;
  let known: { readonly since: number; readonly found: Promise<Configuration> } | undefined;

  const authentication = () => (clientSecret === undefined ? None() : ClientSecretBasic(clientSecret));
  const boundedFetch = () =>
    createBoundedFetch({
      allowsHttp: development,
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    });

  function discover(): Promise<Configuration> {
    return discovery(
      issuer, // hole U1: new URL("/.well-known/openid-configuration", issuer)
      clientId,
      undefined,
      authentication(),
      {
        timeout: TIMEOUT_SECONDS,
        [customFetch]: boundedFetch(),
        execute: development ? [allowInsecureRequests] : [],
      },
    );
  }

  function forOneSignIn(provider: Configuration): Configuration {
    const own = new Configuration(provider.serverMetadata(), clientId, undefined, authentication());
    own.timeout = TIMEOUT_SECONDS;
    own[customFetch] = boundedFetch();
    enableNonRepudiationChecks(own); // hole U2
    if (development) allowInsecureRequests(own);
    return own;
  }

  function recent(): Promise<Configuration> {
    if (known !== undefined && now() - known.since < DOCUMENT_SECONDS) return known.found;
    const found = discover();
    const current = { since: now(), found };
    known = current;
    found.catch(() => {
      if (known === current) known = undefined;
    });
    return found;
  }

  return { recent, forOneSignIn };
}

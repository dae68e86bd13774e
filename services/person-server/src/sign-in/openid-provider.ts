import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "openid-client";
import { createBoundedFetch, requireSecure } from "./bounded-fetch.ts";
import { type Person, personOf } from "./person.ts";
import { SignInError } from "./sign-in-error.ts";

export interface OpenidProviderOptions {
  readonly issuer: URL;
  readonly clientId: string;
  /** Sent by HTTP Basic authentication. Default: a public client. */
  readonly clientSecret?: string | undefined;
  /** `openid` among them. */
  readonly scopes: readonly string[];
  /** Claim of the ID token that is the person's name. */
  readonly nameClaim: string;
  readonly redirectUri: string;
  /** Plain http is accepted for providers on loopback. */
  readonly development: boolean;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Values that tie an authorization response to its request. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * The OpenID provider where persons sign in. Its documents are fetched when they are needed, and
 * again after a failure.
 */
export interface OpenidProvider {
  /** Address of an authorization request. @throws SignInError */
  authorizationUrl(expected: Expected): Promise<URL>;
  /**
   * Redeems the code of an authorization response.
   *
   * @param response redirect URI with the query that the browser has brought
   * @throws SignInError
   */
  redeem(response: URL, expected: Expected): Promise<{ person: Person; idToken: string | undefined }>;
  /**
   * Address where the provider ends its session; undefined for a provider without one.
   *
   * @throws SignInError
   */
  endSessionUrl(idToken: string | undefined): Promise<URL | undefined>;
  /** Origins that a form of this server may lead to: issuer, once known end-session endpoint. */
  origins(): readonly string[];
}

/** Deadline of all requests of one sign-in together. */
const TIMEOUT_SECONDS = 10;
/** How long the provider's document is used for the address of its page. */
const DOCUMENT_SECONDS = 60;

/** @throws RangeError for an issuer that is neither https nor, in development, http on loopback */
export function createOpenidProvider(options: OpenidProviderOptions): OpenidProvider {
  const { issuer, clientId, clientSecret, scopes, nameClaim, redirectUri, development, now } = options;
  requireSecure(issuer, development);
  let known: { readonly since: number; readonly found: Promise<Configuration> } | undefined;
  let origins = [issuer.origin];

  /**
   * The configuration is for one sign-in: its deadline has begun, and its key set is fetched after
   * the code was issued.
   */
  async function discover(): Promise<Configuration> {
    const signal = AbortSignal.timeout(TIMEOUT_SECONDS * 1000);
    const found = await discovery(
      issuer, // hole U1
      clientId,
      undefined,
      clientSecret === undefined ? None() : ClientSecretBasic(clientSecret),
      {
        timeout: TIMEOUT_SECONDS,
        [customFetch]: createBoundedFetch({ allowsHttp: development, signal }),
        execute: [
          enableNonRepudiationChecks, // hole U2
          ...(development ? [allowInsecureRequests] : []),
        ],
      },
    );
    const { end_session_endpoint: endSession } = found.serverMetadata();
    origins = [issuer, ...(endSession === undefined ? [] : [new URL(endSession)])].map(
      ({ origin }) => origin,
    );
    return found;
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

  return {
    authorizationUrl: ({ state, nonce, codeVerifier }) =>
      asked(async () => {
        const url = buildAuthorizationUrl(await recent(), {
          redirect_uri: redirectUri,
          scope: scopes.join(" "),
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: "S256",
        });
        requireSecure(url, development);
        return url;
      }),
    redeem: (response, { state, nonce, codeVerifier }) =>
      asked(async () => {
        const tokens = await authorizationCodeGrant(await discover(), response, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        const person = claims && personOf(claims, nameClaim);
        if (person === undefined) throw new SignInError("provider_invalid", "invalid `sub` in the ID token");
        return { person, idToken: tokens.id_token };
      }),
    endSessionUrl: (idToken) =>
      asked(async () => {
        const provider = await recent();
        if (provider.serverMetadata().end_session_endpoint === undefined) return undefined;
        const url = buildEndSessionUrl(provider, idToken === undefined ? {} : { id_token_hint: idToken });
        requireSecure(url, development);
        return url;
      }),
    origins: () => origins,
  };
}

/**
 * Turns failures of the library into those of a sign-in. The library's causes contain tokens, so
 * only their messages are kept.
 */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SignInError) throw error;
    const { message, cause } = error as Error;
    if (cause instanceof SignInError) throw cause;
    if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
      const code = error.error === "access_denied" ? "access_denied" : "sign_in_refused";
      throw new SignInError(code, `the provider has refused the sign-in: ${error.error.slice(0, 100)}`);
    }
    if (error instanceof WWWAuthenticateChallengeError)
      throw new SignInError("sign_in_refused", "the provider has refused the client's id or secret");
    const detail = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new SignInError("provider_invalid", detail);
  }
}

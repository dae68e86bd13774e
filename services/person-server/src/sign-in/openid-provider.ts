import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "openid-client";
import { requireSecure } from "./bounded-fetch.ts";
import { type Person, personOf } from "./person.ts";
import { createProviderClient, type ProviderClientOptions } from "./provider-client.ts";
import { SignInError } from "./sign-in-error.ts";

export interface OpenidProviderOptions extends ProviderClientOptions {
  /** Must include `openid`. */
  readonly scopes: readonly string[];
  /** ID token claim with the person's name. */
  readonly nameClaim: string;
  readonly redirectUri: string;
}

/** Values that bind an authorization response to its request. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * The OpenID provider where people sign in. Its documents are fetched when needed, and again after
 * a failure.
 */
export interface OpenidProvider {
  /**
   * Address of an authorization request.
   *
   * @param prompt `login` asks for the user again, even during a session of the provider's
   * @throws SignInError
   */
  authorizationUrl(expected: Expected, prompt?: "login"): Promise<URL>;
  /**
   * Redeems the code of an authorization response.
   *
   * @param response redirect URI with the query that the browser sent
   * @throws SignInError
   */
  redeem(response: URL, expected: Expected): Promise<{ person: Person; idToken: string | undefined }>;
  /**
   * Address where the provider ends its session; undefined for a provider without one.
   *
   * @throws SignInError
   */
  endSessionUrl(idToken: string | undefined): Promise<URL | undefined>;
}

/** Limit on concurrent redemptions, because any caller can send codes. */
const MAX_REDEMPTIONS = 64;

/** @throws RangeError for an issuer that is neither https nor, in development, http on loopback */
export function createOpenidProvider(options: OpenidProviderOptions): OpenidProvider {
  const { scopes, nameClaim, redirectUri, development } = options;
  requireSecure(options.issuer, development);
  const client = createProviderClient(options);
  let redemptions = 0;

  return {
    authorizationUrl: ({ state, nonce, codeVerifier }, prompt) =>
      asked(async () => {
        const url = buildAuthorizationUrl(await client.recent(), {
          redirect_uri: redirectUri,
          scope: scopes.join(" "),
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: "S256",
          ...(prompt && { prompt }),
        });
        requireSecure(url, development);
        return url;
      }),
    redeem: (response, { state, nonce, codeVerifier }) =>
      asked(async () => {
        requireCode(response); // hole U13
        if (redemptions >= MAX_REDEMPTIONS)
          throw new SignInError("provider_unreachable", "too many concurrent responses"); // hole U13a
        redemptions += 1;
        try {
          const tokens = await authorizationCodeGrant(client.forOneSignIn(await client.recent()), response, {
            expectedState: state,
            expectedNonce: nonce,
            pkceCodeVerifier: codeVerifier,
            idTokenExpected: true,
          });
          const claims = tokens.claims();
          const person = claims && personOf(claims, nameClaim);
          if (person === undefined)
            throw new SignInError("provider_invalid", "invalid `sub` in the ID token");
          return { person, idToken: tokens.id_token };
        } finally {
          redemptions -= 1;
        }
      }),
    endSessionUrl: (idToken) =>
      asked(async () => {
        const provider = await client.recent();
        if (provider.serverMetadata().end_session_endpoint === undefined) return undefined;
        const url = buildEndSessionUrl(provider, idToken === undefined ? {} : { id_token_hint: idToken });
        requireSecure(url, development);
        return url;
      }),
  };
}

/**
 * Refuses a response without exactly one code before any request is sent for it.
 *
 * @throws SignInError
 */
function requireCode({ searchParams }: URL): void {
  const error = searchParams.get("error");
  if (error !== null) throw refused(error);
  const [code = "", ...more] = searchParams.getAll("code");
  if (code === "" || more.length > 0)
    throw new SignInError("provider_invalid", "a response must have exactly one `code`");
}

function refused(error: string): SignInError {
  const code = error === "access_denied" ? "access_denied" : "sign_in_refused";
  return new SignInError(code, `the provider refused the sign-in: ${error.slice(0, 100)}`);
}

/**
 * Converts the library's errors to sign-in errors. Its causes contain tokens, so only their
 * messages are kept.
 */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SignInError) throw error;
    const { message, cause } = error as Error;
    if (cause instanceof SignInError) throw cause;
    if (error instanceof ResponseBodyError) throw refused(error.error);
    if (error instanceof WWWAuthenticateChallengeError)
      throw new SignInError("sign_in_refused", "the provider rejected the client's id or secret");
    const detail = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new SignInError("provider_invalid", detail);
  }
}

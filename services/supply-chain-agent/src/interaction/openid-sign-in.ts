import { AAuthVerificationError } from "aauth";
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  None,
  randomNonce,
  randomPKCECodeVerifier,
} from "openid-client";
import { personIn, SIGN_IN_SCOPE, type SignInMethod } from "./identify-person.ts";
import { INTERACTION_SECONDS } from "./interactions.ts";

const TIMEOUT_SECONDS = 10;

/**
 * Signs people in with OpenID Connect at the person server, whose `sub` for this resource equals
 * the one in its tokens. Draft -11 lets the resource choose how its page identifies a person
 * (section 6.2).
 */
export function openidSignIn(options: {
  /** Issuer of the person server as an OpenID provider. */
  issuer: string;
  /** Own identifier, which is also the client id. */
  clientId: string;
  redirectUri: string;
}): SignInMethod {
  const { issuer, clientId, redirectUri } = options;
  const execute = [
    // The key set is fetched over the same connection, but the token is verified nevertheless.
    enableNonRepudiationChecks,
    ...(issuer.startsWith("http:") ? [allowInsecureRequests] : []),
  ];

  const discover = () =>
    discovery(new URL(issuer), clientId, undefined, None(), { execute, timeout: TIMEOUT_SECONDS });

  return {
    begin: (state) =>
      asked(async () => {
        const provider = await discover();
        const pkceCodeVerifier = randomPKCECodeVerifier();
        const nonce = randomNonce();
        const url = buildAuthorizationUrl(provider, {
          redirect_uri: redirectUri,
          scope: SIGN_IN_SCOPE,
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: "S256",
        });
        const expected = { state, nonce, pkceCodeVerifier };
        return { url: url.href, expiresInSeconds: INTERACTION_SECONDS, expected };
      }),
    finish: (response, { state = "", nonce = "", pkceCodeVerifier = "" }) =>
      asked(async () => {
        const tokens = await authorizationCodeGrant(await discover(), response, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier,
          idTokenExpected: true,
        });
        return personIn(tokens.claims() as Readonly<Record<string, unknown>> & { sub: string });
      }),
  };
}

/**
 * @throws AAuthVerificationError `token_request_failed` for any failure of the provider or its
 * response
 */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new AAuthVerificationError("token_request_failed", "the OpenID provider named no user", { cause });
  }
}

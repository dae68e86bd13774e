import { AAuthVerificationError, type Discovery } from "aauth";
import { ConsentRequiredError, type FebruaryAgent, february2026Tokens } from "aauth/february-2026";
import { type Expected, personIn, SIGN_IN_SCOPE, type SignInMethod } from "../interaction/identify-person.ts";

/**
 * Signs people in with AAuth itself: this agent is also the resource, and obtains a token that
 * identifies the user (SPEC 3.5).
 *
 * @param options.agent must sign with its own identity
 */
export function aauthSignIn(options: {
  id: string;
  agent: Pick<FebruaryAgent, "requestOwnToken" | "redeemCode">;
  authServer: string;
  redirectUri: string;
  discovery: Discovery;
  /** Unix seconds. */
  now: () => number;
}): SignInMethod {
  const { id, agent, authServer, redirectUri, discovery, now } = options;

  /** @param keyThumbprint the requesting key, which must redeem the code even after a rotation */
  async function finish(response: URL, { keyThumbprint }: Expected) {
    const { token } = await agent.redeemCode({
      authServer,
      code: response.searchParams.get("code") ?? "",
      redirectUri,
      ...(keyThumbprint !== undefined && { keyThumbprint }),
    });
    // Verified although it comes directly from its issuer, because the identity of the deciding
    // person depends on it.
    const claims = await february2026Tokens.verifyAuthToken(token, {
      audience: id,
      trustedIssuers: [authServer],
      discovery,
      now,
    });
    const { sub } = claims;
    if (sub === undefined)
      throw new AAuthVerificationError("token_claim_missing", "the auth server's token names no user");
    return personIn({ ...claims, sub });
  }

  return {
    finish,
    async begin(state) {
      try {
        await agent.requestOwnToken({ authServer, scope: SIGN_IN_SCOPE, state, redirectUri });
      } catch (error) {
        if (!(error instanceof ConsentRequiredError)) throw error;
        const { consentUrl: url, keyThumbprint, expiresInSeconds } = error;
        return { url, expiresInSeconds, expected: keyThumbprint === undefined ? {} : { keyThumbprint } };
      }
      throw new AAuthVerificationError(
        "token_request_failed",
        "the auth server named a user without asking one",
      );
    },
  };
}

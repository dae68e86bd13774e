import { AAuthError, AAuthVerificationError, type Discovery, publicRefusal } from "aauth";
import { type FebruaryResourceTokenClaims, february2026Tokens } from "aauth/february-2026";
import { isScopeList, type OAuthError } from "issuer-kit";
import { invalidGrant, temporarilyUnavailable } from "./token-errors.ts";
import type { Requester } from "./verify-requester.ts";

export type CheckResourceToken = (
  token: string,
  requester: Requester,
) => Promise<FebruaryResourceTokenClaims>;

/** Creates the check of a resource token for its authenticated requester. */
export function createResourceTokenCheck(options: {
  issuer: string;
  discovery: Discovery;
  now: () => number;
}): CheckResourceToken {
  const { issuer, discovery, now } = options;
  return async (token, { agent, thumbprint }) => {
    try {
      const claims = await february2026Tokens.verifyResourceToken(token, {
        audience: issuer,
        agent,
        agentJkt: thumbprint,
        discovery,
        now,
      });
      requireScopeList(claims);
      return claims;
    } catch (error) {
      if (error instanceof AAuthError) throw refusal(error);
      throw error;
    }
  };
}

/** Validates the scopes, which are stored, written to tokens and shown to the user. */
function requireScopeList(claims: Readonly<Partial<FebruaryResourceTokenClaims>>): void {
  // A resource token may request scopes or an auth_request_url; this server only supports scopes.
  if (claims.scope === undefined)
    throw new AAuthVerificationError("token_claim_missing", "the token has no scope");
  if (!isScopeList(claims.scope))
    throw new AAuthVerificationError("malformed_token", "the token's scope has the wrong shape");
}

function refusal(error: AAuthError): OAuthError {
  if (error instanceof AAuthVerificationError && error.status === 503) return temporarilyUnavailable(error);
  return invalidGrant(`Invalid resource_token: ${publicRefusal(error).message}`, error);
}

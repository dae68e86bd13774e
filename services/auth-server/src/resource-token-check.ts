import {
  AAuthError,
  AAuthVerificationError,
  type Discovery,
  decodeToken,
  type ResourceTokenClaims,
} from "aauth";
import { verifyResourceToken } from "aauth/issuer";
import { invalidGrant, type OAuthError, quoted, temporarilyUnavailable } from "./oauth-error.ts";
import { isScopeList } from "./scopes.ts";
import type { Requester } from "./verify-requester.ts";

export type CheckResourceToken = (token: string, requester: Requester) => Promise<ResourceTokenClaims>;

/**
 * Verifies a resource token for its proven requester; the descriptions of refusals are those of
 * profile 6.2.
 */
export function createResourceTokenCheck(options: {
  issuer: string;
  discovery: Discovery;
  now: () => number;
}): CheckResourceToken {
  const { issuer, discovery, now } = options;
  return async (token, { agent, thumbprint }) => {
    try {
      const claims = await verifyResourceToken(token, {
        audience: issuer,
        agent,
        agentJkt: thumbprint,
        discovery,
        now,
      });
      requireScopeList(claims);
      return claims;
    } catch (error) {
      if (error instanceof AAuthError) throw refusal(error, token, { issuer, agent });
      throw error;
    }
  };
}

/** Granted scopes are stored, written into tokens, and shown to the user. */
function requireScopeList(claims: Readonly<Partial<ResourceTokenClaims>>): void {
  // A resource token may ask for scopes or by auth_request_url; this server supports scopes only.
  if (claims.scope === undefined)
    throw new AAuthVerificationError("token_claim_missing", "the token has no scope");
  if (!isScopeList(claims.scope))
    throw new AAuthVerificationError("malformed_token", "the token's scope has the wrong shape");
}

function refusal(error: AAuthError, token: string, expected: { issuer: string; agent: string }): OAuthError {
  if (error instanceof AAuthVerificationError && error.status === 503) return temporarilyUnavailable(error);
  return invalidGrant(`Invalid resource_token: ${reason(error, token, expected)}`, error);
}

function reason(
  error: AAuthError,
  token: string,
  { issuer, agent }: { issuer: string; agent: string },
): string {
  if (error.code === "malformed_token") return error.message;
  const { header, claims } = decodeToken(token);
  switch (error.code) {
    case "token_type_mismatch":
      return `Invalid token type, expected 'resource+jwt', got: ${quoted(header.typ)}`;
    case "token_claim_missing": {
      const missing = ["iss", "aud", "agent", "agent_jkt", "exp", "scope"].find(
        (name) => claims[name] === undefined,
      );
      return `Missing '${missing}' claim in resource token`;
    }
    case "discovery_failed":
    case "discovery_blocked":
    case "metadata_mismatch":
      return "Failed to fetch resource metadata or jwks_uri not found";
    case "unknown_key":
      return `Signing key with kid='${quoted(header.kid)}' not found in resource JWKS`;
    case "token_audience_mismatch":
      return `Resource token audience mismatch: expected ${issuer}, got ${quoted(claims.aud)}`;
    case "token_agent_mismatch":
      return `Resource token agent mismatch: expected ${agent}, got ${quoted(claims.agent)}`;
    case "token_key_mismatch":
      return "Resource token agent_jkt mismatch: the request is signed with another key";
    case "token_expired":
      return "Resource token has expired";
    default:
      return error.message;
  }
}

/**
 * The three types of token (profile 4).
 *
 * @module
 */

import { MAX_IDENTIFIER_CHARACTERS } from "../discovery/url-guard.ts";
import { AAuthVerificationError } from "../errors.ts";
import { isNonEmptyString } from "../json-guards.ts";
import {
  type ClaimRule,
  type ClaimShape,
  checkAct,
  checkAudience,
  checkExpiry,
  checkIssuer,
  checkIssuerIfListed,
  checkNotBefore,
  checkThumbprint,
  checkTimeShapes,
  isAudience,
  isScope,
  missing,
  optional,
  optionalAudience,
  required,
  tooLong,
} from "../tokens/claim-checks.ts";
import {
  bySignerKey,
  byThumbprint,
  type TokenExpectation,
  type TokenSchema,
} from "../tokens/token-schema.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { AgentTokenClaims, FebruaryAuthTokenClaims, FebruaryResourceTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { KEY_ALGORITHMS, TOKEN_ALGORITHMS, TOKEN_TYPES } from "./names.ts";

/** Tolerance for an issuer's clock that is ahead. */
const SKEW_SECONDS = 5;
const RESOURCE_TOKEN_MAX_SECONDS = 600;

// ------------------------------------------------------------------------------------------ shapes

/**
 * A delegate's name, which is neither an identifier nor limited to the 255 characters of an OpenID
 * subject.
 */
const isDelegateName: ClaimShape = (value) =>
  isNonEmptyString(value) && value.length <= MAX_IDENTIFIER_CHARACTERS;

/** Requires scopes, or the URL of a request, in a resource token. */
const requireScopeOrRequest: ClaimRule = (claims) => {
  optional("scope")(claims);
  if (claims.scope !== undefined) return;
  optional("auth_request_url")(claims);
  if (claims.auth_request_url === undefined) throw missing("scope");
};

// ------------------------------------------------------------------------------------- comparisons

export interface AgentTokenExpectation extends TokenExpectation {
  /** The verifier's identifier. Default: a token with an audience is refused. */
  readonly audience?: string | undefined;
  /** Accepted agent servers. Default: any that discovery can reach. */
  readonly trustedIssuers?: TrustPolicy | undefined;
}

export interface AuthTokenExpectation extends TokenExpectation {
  /** Identifier of the resource that verifies. */
  readonly audience: string;
  /** Accepted issuers. A token of any other is refused before anything is fetched. */
  readonly trustedIssuers: readonly string[];
}

export interface ResourceTokenExpectation extends TokenExpectation {
  /** Issuer identifier of the auth server that verifies. */
  readonly audience: string;
  /** The verified requester. */
  readonly agent: string;
  /** Thumbprint of the key that signed the token request. */
  readonly agentJkt: string;
}

const checkStart = checkNotBefore(SKEW_SECONDS);

/** Compares the audience of an agent token, which is optional. */
function checkAudienceIfNamed({ aud }: AgentTokenClaims, { audience = "" }: AgentTokenExpectation): void {
  if (aud !== undefined) checkAudience({ aud }, { audience });
}

function checkAgent({ agent }: FebruaryResourceTokenClaims, expected: ResourceTokenExpectation): void {
  if (agent === expected.agent) return;
  throw new AAuthVerificationError(
    "token_agent_mismatch",
    "the resource token names another agent than the requester",
    { claim: "agent", expected: expected.agent },
  );
}

/**
 * Refuses a resource token, which has no `iat`, if its expiry is further away than its maximum
 * lifetime.
 */
function checkLongestLife({ exp }: FebruaryResourceTokenClaims, { now }: ResourceTokenExpectation): void {
  if (exp > now + RESOURCE_TOKEN_MAX_SECONDS + SKEW_SECONDS) throw tooLong(RESOURCE_TOKEN_MAX_SECONDS);
}

// ----------------------------------------------------------------------------------------- schemas

/** `agent+jwt` (profile 4.3). */
export const AGENT_TOKEN: TokenSchema<AgentTokenClaims, AgentTokenExpectation> = {
  type: TOKEN_TYPES.agent,
  algorithms: TOKEN_ALGORITHMS,
  lifetime: { defaultSeconds: 3_600 },
  sortsHeader: true,
  claims: [checkTimeShapes, required("iss"), required("sub", isDelegateName), optionalAudience],
  binding: bySignerKey(KEY_ALGORITHMS),
  beforeSignature: [checkIssuerIfListed, checkAudienceIfNamed, checkStart, checkExpiry],
  afterSignature: [],
  issuedBy: () => documents.kinds.agent,
};

/**
 * `auth+jwt` (profile 4.2). Expiry is checked after the caller has proven that it holds the token.
 */
export const AUTH_TOKEN: TokenSchema<FebruaryAuthTokenClaims, AuthTokenExpectation> = {
  type: TOKEN_TYPES.auth,
  algorithms: TOKEN_ALGORITHMS,
  lifetime: { defaultSeconds: 300 },
  claims: [
    required("iss"),
    required("aud", isAudience),
    checkTimeShapes,
    optional("sub"), // hole X9
    optional("agent"), // hole X9
    optional("agent_delegate"), // hole X9
    optional("jti"), // hole X9
    optional("scope", isScope), // hole X9
    checkAct,
  ],
  binding: bySignerKey(KEY_ALGORITHMS),
  beforeSignature: [checkIssuer, checkAudience, checkStart],
  afterSignature: [],
  issuedBy: () => documents.kinds.issuer,
};

/** `resource+jwt` (profile 4.1). */
export const RESOURCE_TOKEN: TokenSchema<FebruaryResourceTokenClaims, ResourceTokenExpectation, undefined> = {
  type: TOKEN_TYPES.resource,
  algorithms: TOKEN_ALGORITHMS,
  lifetime: { defaultSeconds: 300, maxSeconds: RESOURCE_TOKEN_MAX_SECONDS },
  sortsHeader: true,
  claims: [
    checkTimeShapes,
    required("iss"),
    required("aud"),
    required("agent"),
    required("agent_jkt"),
    requireScopeOrRequest,
  ],
  binding: byThumbprint,
  beforeSignature: [checkAudience, checkAgent, checkThumbprint, checkStart, checkExpiry, checkLongestLife],
  afterSignature: [],
  issuedBy: () => documents.kinds.resource,
};

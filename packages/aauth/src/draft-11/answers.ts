/**
 * Responses to refused requests (draft -11, sections 6, 11.3.4 and 11.6): `Signature-Error` names
 * the error, `AAuth-Requirement` the token that is required, and the body is a problem document.
 *
 * @module
 */

import { type AAuthError, type AAuthErrorCode, AAuthVerificationError, publicRefusal } from "../errors.ts";
import type { AnswerOptions, AnswerWriter } from "../profile/answers.ts";
import type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
import type { ProvenCaller, Requirement } from "../types.ts";
import { formatRequirement, formatSignatureError, formatTokenList } from "./headers.ts";
import { hasPresentedPerson, issueResourceToken } from "./issue-tokens.ts";
import {
  AAUTH_REQUIREMENT,
  ACCEPT_SIGNATURE_ALG,
  ACCEPT_SIGNATURE_SCHEME,
  ALGORITHMS,
  LEVELS,
  SIGNATURE_ERROR,
} from "./names.ts";
import { jsonAnswer, problemAnswer } from "./problem.ts";
import { RESOURCE_TOKEN } from "./token-schemas.ts";

const [AGENT, PERSON, AUTH, SERVER] = LEVELS;

/**
 * Values of `Signature-Error` (signature-key -09, section 5.4). A code that is not listed is not a
 * signature failure and keeps its own status.
 */
const SIGNATURE_ERRORS: Readonly<Partial<Record<AAuthErrorCode, string>>> = {
  missing_signature: "invalid_signature",
  profile_not_accepted: "invalid_signature",
  malformed_signature_key: "invalid_signature",
  malformed_signature_input: "invalid_signature",
  malformed_signature: "invalid_signature",
  label_mismatch: "invalid_signature",
  created_missing: "invalid_signature",
  created_out_of_window: "invalid_signature",
  signature_expired: "invalid_signature",
  invalid_signature: "invalid_signature",
  signature_replayed: "invalid_signature",
  insufficient_coverage: "invalid_input",
  missing_component: "invalid_input",
  digest_missing: "invalid_input",
  malformed_digest: "invalid_input",
  digest_mismatch: "invalid_input",
  unsupported_scheme: "unsupported_scheme",
  unsupported_key: "invalid_key",
  key_algorithm_not_allowed: "unsupported_algorithm",
  unknown_key: "unknown_key",
  discovery_blocked: "unknown_key",
  discovery_failed: "unknown_key",
  metadata_mismatch: "issuer_mismatch",
  metadata_issuer_missing: "issuer_missing",
  malformed_token: "invalid_jwt",
  token_type_mismatch: "invalid_jwt",
  token_algorithm_not_allowed: "invalid_jwt",
  untrusted_issuer: "invalid_jwt",
  token_audience_mismatch: "invalid_jwt",
  token_claim_missing: "invalid_jwt",
  token_agent_mismatch: "invalid_jwt",
  invalid_token_signature: "invalid_jwt",
  token_expired: "expired_jwt",
  token_not_yet_valid: "clock_skew",
  token_revoked: "revoked_jwt",
  revocation_unknown: "invalid_jwt",
};

/** Errors that presenting a token, or another token, can cure. */
const CURED_BY_TOKEN: ReadonlySet<AAuthErrorCode> = new Set([
  ...([
    "missing_signature",
    "profile_not_accepted",
    "token_type_mismatch",
    "token_audience_mismatch",
  ] as const),
  ...(["token_expired", "token_revoked", "revocation_unknown"] as const),
  ...(["identity_required", "person_required"] as const),
  // An auth token cannot be requested without a resource token (section 6.5).
  ...(["authorization_required", "insufficient_scope"] as const),
]);

/**
 * Errors that a resource token can cure, for a caller that has presented its person. Revocation is
 * not among them: it ends the authorization.
 */
const CURED_BY_AUTHORIZATION: ReadonlySet<AAuthErrorCode> = new Set([
  "authorization_required",
  "insufficient_scope",
]);

/** Writes the refusal of a verifier that issues no resource tokens. */
export function refuseWithoutToken(error: AAuthError, requirement: Requirement<string>): Answer {
  const signatureError = signatureErrorOf(error);
  const wanted = requirement.level === SERVER ? undefined : requirement.level === AGENT ? AGENT : PERSON;
  const helps = wanted !== undefined && CURED_BY_TOKEN.has(error.code);
  const status = signatureError !== undefined || helps ? 401 : statusOf(error);
  return answer(status, error, signatureError, {
    ...(signatureError !== undefined && { [SIGNATURE_ERROR]: formatSignatureError(signatureError) }),
    ...(error.code === "unsupported_scheme" && {
      [ACCEPT_SIGNATURE_SCHEME]: requirement.level === SERVER ? "jwks_uri" : "jwt",
    }),
    ...(error.code === "key_algorithm_not_allowed" && {
      [ACCEPT_SIGNATURE_ALG]: formatTokenList(ALGORITHMS),
    }),
    ...(helps && { [AAUTH_REQUIREMENT]: formatRequirement({ requirement: wanted }) }),
  });
}

function signatureErrorOf(error: AAuthError) {
  const code = SIGNATURE_ERRORS[error.code];
  if (code === undefined) return undefined;
  if (error.code === "insufficient_coverage" && error.expected !== undefined) {
    return { error: code, requiredInput: error.expected.split(" ") };
  }
  // A signature from the future is reported as clock skew (section 11.3.4, step 3).
  return {
    error: error.code === "created_out_of_window" && error.expected === "earlier" ? "clock_skew" : code,
  };
}

/**
 * Scopes of OpenID Connect and its enterprise extensions, which person servers describe (section
 * 11.10).
 */
const IDENTITY: ReadonlySet<string> = new Set(
  "openid profile email address phone tenant groups roles".split(" "),
);

/**
 * Creates the responses of a resource. It issues a resource token only to a caller that has
 * presented a person token or an auth token on this request (section 6.7).
 */
export function createAnswers(options: AnswerOptions): AnswerWriter {
  const { key, resource, accessServer, now, scopeDescriptions } = options;

  function checkScopes(scopes: readonly string[]): void {
    if (scopeDescriptions === undefined) return;
    const unknown = scopes.find((scope) => !Object.hasOwn(scopeDescriptions, scope) && !IDENTITY.has(scope));
    // hole S13
    if (unknown !== undefined)
      throw new TypeError(`scopeDescriptions must describe ${unknown} (draft -11, section 11.10)`);
  }

  async function resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant> {
    if (scopes.length === 0) throw new TypeError("a resource token must ask for scopes");
    checkScopes(scopes);
    const scope = scopes.join(" ");
    const own = { key: key(), issuer: resource, caller, accessServer, scope, account, now };
    const { token, claims } = await issueResourceToken(own);
    return {
      resourceToken: token,
      server: claims.aud,
      expiresInSeconds: RESOURCE_TOKEN.lifetime.defaultSeconds,
    };
  }

  return {
    resourceToken,
    checkScopes,

    async refuse(error, requirement) {
      const proven = error instanceof AAuthVerificationError ? error.provenCaller : undefined;
      const isAuthorization = requirement.level === AUTH && CURED_BY_AUTHORIZATION.has(error.code);
      if (!isAuthorization || proven === undefined || !hasPresentedPerson(proven)) {
        return refuseWithoutToken(error, requirement);
      }
      const { resourceToken: token } = await resourceToken(
        proven,
        requirement.scopes ?? [],
        requirement.account,
      );
      return answer(401, error, undefined, {
        [AAUTH_REQUIREMENT]: formatRequirement({ requirement: AUTH, resourceToken: token }),
      });
    },

    limitReached: (_caller, { retryAfterSeconds }) =>
      problemAnswer(429, "rate_limited", "too many requests for this level", {
        "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))),
      }),
  };
}

/** Error values of section 11.9.4 for codes that do not concern the signature. */
const ERRORS: Readonly<Partial<Record<AAuthErrorCode, string>>> = { untrusted_agent: "denied" };

const statusOf = (error: AAuthError) => (error instanceof AAuthVerificationError ? error.status : 500);

function answer(
  status: number,
  error: AAuthError,
  signatureError: { readonly error: string } | undefined,
  headers: Readonly<Record<string, string>>,
): Answer {
  const { code, message } = publicRefusal(error);
  if (status === 500) return jsonAnswer(status, { error: "server_error" }, headers);
  const named = signatureError?.error ?? ERRORS[code] ?? code;
  // The code of `AAuth-Refusal`, which is more precise.
  const detail = named === code ? message : `${code}: ${message}`;
  return jsonAnswer(status, { error: named, detail }, headers);
}

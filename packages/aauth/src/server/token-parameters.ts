/**
 * Tokens as members of a request, each with its own error codes (draft -11, sections 6.7.2, 9.4.5,
 * 10.2 and 11.9.3).
 *
 * @module
 */

import type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims } from "../draft-11/claims.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import {
  type OpenedToken,
  type VerifiedParent,
  verifyAuthToken,
  verifyPersonToken,
  verifySubagentToken,
} from "../draft-11/verify-tokens.ts";
import { AAuthVerificationError, publicRefusal } from "../errors.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import { invalidRequest, Problem } from "./answers.ts";
import type { ExpiringToken, TokenName } from "./issued-tokens.ts";
import type { Dependency } from "./request-types.ts";
import type { ServerParts } from "./server-types.ts";

type TokenParameter = "resource" | "presented" | "upstream" | "subagent";
type Members = Readonly<Record<string, unknown>>;
/** Common options of `verify…Token`, and the report of mismatched tokens. */
export interface TokenChecks extends Pick<ServerParts, "discovery" | "now" | "report"> {
  readonly isRevoked: (token: TokenName) => Promise<boolean>;
}

const MAX_TOKEN_CHARACTERS = 16_384;

/** @throws Problem `invalid_request` for a value that is not a token */
export function tokenOf(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && value.length <= MAX_TOKEN_CHARACTERS) return value;
  throw invalidRequest(`${name} must be a token`);
}

/** @throws Problem like {@link tokenOf}, and for a missing token */
export function requiredToken(members: Members, name: string): string {
  const token = tokenOf(members, name);
  if (token === undefined) throw invalidRequest(`${name} is required`);
  return token;
}

/** Runs the checks of a token, and converts their errors into those of its parameter. */
export async function checking<T>(
  parameter: TokenParameter,
  { report }: Pick<TokenChecks, "report">,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AAuthVerificationError) || error.code === "store_unavailable") throw error; // hole V4a
    const { message } = publicRefusal(error);
    // Both tokens are valid, but do not belong together.
    if (error.code === "presented_token_mismatch") report(error);
    throw new Problem(...codeOf(error, parameter), message);
  }
}

function codeOf(
  { code }: AAuthVerificationError,
  parameter: TokenParameter,
): [status: number, error: string] {
  switch (code) {
    case "token_expired":
      return [400, `expired_${parameter}_token`];
    case "token_revoked":
      return [400, `revoked_${parameter}_token`];
    case "token_not_yet_valid":
      return [400, "clock_skew"];
    case "presented_token_mismatch":
      return [400, "invalid_resource_token"];
    case "discovery_busy":
      return [503, "server_error"];
    default:
      return [400, `invalid_${parameter}_token`];
  }
}

/** The unverified audience of a resource token. */
export function audienceOf(resourceToken: string): string {
  const { aud } = decodeJwt(resourceToken).claims;
  return typeof aud === "string" ? aud : String([aud].flat()[0]);
}

/**
 * Verifies the token of the caller's sub-agent (section 10.2); undefined without one.
 *
 * @param requireMore additional check of its claims. Default: none
 */
export async function verifySubagent(
  token: string | undefined,
  parent: VerifiedParent,
  checks: TokenChecks,
  requireMore: (claims: AgentTokenClaims) => void = () => {},
): Promise<OpenedToken<AgentTokenClaims> | undefined> {
  if (token === undefined) return undefined;
  return checking("subagent", checks, async () => {
    const opened = await verifySubagentToken(token, { ...checks, parent });
    requireMore(opened.claims);
    return opened;
  });
}

interface VerifiedUpstream {
  readonly type: string;
  readonly claims: PersonTokenClaims | AuthTokenClaims;
}

/**
 * Verifies the token with which an intermediary was called, as the intermediary did, except for the
 * key (section 9.4.5, steps 1 to 3). Does NOT check to whom it was issued. Nothing is fetched for a
 * token of another person server.
 *
 * @param expected.audience `iss` of the intermediary's agent token
 * @param expected.personServer `iss` of a person token, `ps` of an auth token
 */
export async function verifyUpstream(
  token: string | undefined,
  expected: { readonly audience: string; readonly personServer: string; readonly issuers: TrustPolicy },
  checks: TokenChecks,
): Promise<VerifiedUpstream | undefined> {
  if (token === undefined) return undefined;
  return checking("upstream", checks, async () => {
    const { header, claims } = decodeJwt(token);
    const { typ } = header;
    // hole T12
    if (claims[typ === TOKEN_TYPES.auth ? "ps" : "iss"] !== expected.personServer) {
      throw new AAuthVerificationError(
        "untrusted_issuer",
        "the upstream token is from another person server",
      );
    }
    // hole T11a: { ...checks, trustedIssuers: expected.issuers }
    const own = { ...checks, audience: expected.audience, trustedIssuers: expected.issuers };
    switch (typ) {
      case TOKEN_TYPES.person:
        return { type: typ, claims: (await verifyPersonToken(token, own)).claims };
      case TOKEN_TYPES.auth:
        return { type: typ, claims: (await verifyAuthToken(token, own)).claims };
      default:
        throw new AAuthVerificationError(
          "token_type_mismatch",
          "the upstream token is not a person token or an auth token",
          { claim: "typ" },
        );
    }
  });
}

/** A token that a request depends on. */
export const dependency = (what: string, type: string, { iss, jti, exp }: ExpiringToken): Dependency => ({
  what,
  type,
  iss,
  jti,
  exp,
});

/** The earliest `exp` of these tokens. */
export const earliestEnd = (
  ...tokens: readonly ({ readonly claims: { readonly exp: number } } | undefined)[]
): number => Math.min(...tokens.map((token) => token?.claims.exp ?? Number.POSITIVE_INFINITY));

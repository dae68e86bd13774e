/**
 * Reads what a token endpoint answers.
 *
 * @module
 */

import { discardBody, readBodyAtMost } from "../discovery/direct-response.ts";
import { AAuthError, TokenRequestError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import {
  checkHeader,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  optionalAudience,
} from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";

/** An auth token and what came with it. */
export interface TokenGrant {
  readonly authToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken?: string;
}

/** A grant before its token has been looked at: the lifetime may only be in there. */
export type TokenAnswer = Omit<TokenGrant, "expiresInSeconds"> & { readonly expiresInSeconds?: number };

/** The auth server wants the user's consent first. */
export interface ConsentDemand {
  readonly requestToken: string;
  readonly expiresInSeconds: number;
}

/** OAuth error codes are printable ASCII without quote and backslash (RFC 6749 section 5.2). */
const OAUTH_ERROR = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
const MAX_ANSWER_BYTES = 65_536;
const MAX_DESCRIPTION_CHARACTERS = 500;
const DEFAULT_CONSENT_SECONDS = 600;

/**
 * @throws TokenRequestError when the auth server refused; AAuthError `token_request_failed` when its answer is none, or too long; what
 * reading it ends with.
 */
export async function readTokenAnswer(response: Response): Promise<TokenAnswer | ConsentDemand> {
  const members = await readJson(response);
  if (!response.ok) throw refusal(response.status, members);
  const { auth_token, request_token, refresh_token, expires_in } = members;
  const lifetime = typeof expires_in === "number" && expires_in > 0 ? expires_in : undefined;
  if (isText(auth_token)) {
    return {
      authToken: auth_token,
      ...(lifetime === undefined ? {} : { expiresInSeconds: lifetime }),
      ...(isText(refresh_token) ? { refreshToken: refresh_token } : {}),
    };
  }
  if (isText(request_token)) {
    return { requestToken: request_token, expiresInSeconds: lifetime ?? DEFAULT_CONSENT_SECONDS };
  }
  throw failed("the auth server answered with neither auth_token nor request_token");
}

/**
 * The answer to a revocation says nothing (RFC 7009 section 2.2).
 *
 * @throws as {@link readTokenAnswer}
 */
export async function readRevocationAnswer(response: Response): Promise<void> {
  if (!response.ok) throw refusal(response.status, await readJson(response));
  await discardBody(response);
}

function refusal(status: number, { error, error_description: text }: Record<string, unknown>): AAuthError {
  if (typeof error !== "string" || !OAUTH_ERROR.test(error)) {
    return failed(`the auth server answered with status ${status}`);
  }
  return new TokenRequestError(error, typeof text === "string" ? oneLine(text) : "no reason given", status);
}

/**
 * Makes sure that a token is of use before it is presented: of the auth server asked, for the resource meant, bound to
 * the key that signs. Its signature is the resource's to verify.
 *
 * @throws AAuthError `token_request_failed`.
 */
export async function checkGrantedToken(
  token: string,
  expected: { authServer: string; resource: string | undefined; thumbprint: string; now: number },
): Promise<{ shown: DecodedToken; exp: number }> {
  const shown = decoded(token);
  const { claims } = shown;
  try {
    checkHeader(shown, PROFILE.tokenTypes.auth);
    const { thumbprint } = await confirmationKey(claims);
    const aud = optionalAudience(claims) ?? [];
    const { exp } = checkTimeShapes(claims);
    if (claims.iss !== expected.authServer) throw failed("it issued a token in another name");
    if (expected.resource !== undefined && ![aud].flat().includes(expected.resource)) {
      throw failed("it issued a token for another resource");
    }
    if (thumbprint !== expected.thumbprint) throw failed("it issued a token for another key");
    if (isExpired(exp, expected.now)) throw failed("it issued a token that has expired");
    return { shown, exp };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable";
    throw new AAuthError("token_request_failed", `the auth server's token is of no use: ${reason}`, {
      cause: error,
    });
  }
}

const utf8 = new TextDecoder();

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const bytes = await readBodyAtMost(response, MAX_ANSWER_BYTES).catch((error: unknown) => {
    if (!(error instanceof RangeError)) throw error;
    const reason = `the auth server answered with status ${response.status} and more than ${MAX_ANSWER_BYTES} bytes`;
    throw new AAuthError("token_request_failed", reason, { cause: error });
  });
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    // No cause: the parser quotes what it could not read, and that may be a token.
    throw failed(`the auth server answered with status ${response.status} and no JSON`);
  }
  if (typeof value !== "object" || value === null)
    throw failed(`the auth server answered with status ${response.status} and no object`);
  return value as Record<string, unknown>;
}

function decoded(token: string): DecodedToken {
  try {
    return decodeJwt(token);
  } catch (error) {
    throw new AAuthError("token_request_failed", "the auth server's token cannot be read", { cause: error });
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Text of another party, fit for one line of a log. */
function oneLine(text: string): string {
  return text.slice(0, MAX_DESCRIPTION_CHARACTERS).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

function failed(reason: string): AAuthError {
  return new AAuthError("token_request_failed", reason);
}

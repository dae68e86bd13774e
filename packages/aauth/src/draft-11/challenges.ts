/**
 * Checks of an agent before it sends a resource token to its person server (draft -11, section
 * 6.7.3).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthAgentError, AAuthError } from "../errors.ts";
import type { Challenge, ChallengeExpectation, WantedToken } from "../profile/calls.ts";
import { isExpired } from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import { verifyWithIssuerKey } from "../tokens/open-token.ts";
import { readToken } from "../tokens/token-schema.ts";
import type { ResourceTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { isServerIdentifier } from "./identifiers.ts";
import { LEVELS, TOKEN_TYPES } from "./names.ts";
import { RESOURCE_TOKEN } from "./token-schemas.ts";

const [, PERSON, AUTH] = LEVELS;

/**
 * Signature components that a resource publishes as required (section 11.2.4). Undefined if its
 * document cannot be read: a resource need not have one, and its refusal names missing components.
 */
export async function publishedComponents(
  resource: string,
  discovery: Discovery,
): Promise<readonly string[] | undefined> {
  try {
    return (await discovery.metadata(documents.kinds.resource, resource)).additional_signature_components;
  } catch {
    return undefined;
  }
}

/**
 * Makes the checks of section 6.7.3: a resource token for another resource, key, person server,
 * person or presented token is not sent anywhere. The server is always the agent's own, whatever
 * the resource names.
 *
 * Verifies the resource token's signature, if `expected.discovery` is given, with a key that the
 * resource publishes.
 */
export async function checkChallenge(
  challenge: Challenge,
  expected: ChallengeExpectation,
): Promise<WantedToken> {
  const { resource, trustedServers } = expected;
  const [server = ""] = trustedServers;
  if (!isServerIdentifier(resource)) {
    throw untrusted("the resource's origin is not a server identifier", "resource");
  }
  if (challenge.level === PERSON) {
    return { server, resource, scope: "", variant: PERSON, expects: { level: PERSON } };
  }
  const { resourceToken = "" } = challenge;
  const claims = readClaims(resourceToken);
  const presented = presentedClaims(expected.presented);
  const { aud, ps, sub, scope = "", account, login_hint: loginHint } = claims;
  const checks: readonly [claim: keyof ResourceTokenClaims & string, expected: unknown, reason: string][] = [
    ["iss", resource, "the resource token's issuer is another resource"],
    ["agent_jkt", expected.thumbprint, "the resource token is for another key"],
    ["ps", server, `the resource token names the person server ${claims.ps}, not ${server}`],
    ["sub", presented.sub, "the resource token names another person than the presented token"],
    ["presented_jti", presented.jti, "the resource token is for another presented token"],
  ];
  for (const [claim, value, reason] of checks) {
    if (claims[claim] !== value) throw untrusted(reason, claim, String(value));
  }
  if (isExpired(claims.exp, expected.now)) throw untrusted("the resource token has expired", "exp");
  if (expected.discovery !== undefined) await proveResourceToken(resourceToken, expected.discovery);
  return {
    server,
    resource,
    resourceToken,
    scope,
    variant: account === undefined ? AUTH : `${AUTH} ${account}`,
    expects: { level: AUTH, issuer: aud, ps, sub, scope, account, loginHint },
  };
}

function readClaims(resourceToken: string): ResourceTokenClaims {
  try {
    return readToken(decodeJwt(resourceToken), RESOURCE_TOKEN).claims;
  } catch (cause) {
    const reason = cause instanceof AAuthError ? `: ${cause.message}` : "";
    throw new AAuthAgentError("malformed_challenge", `the resource token cannot be read${reason}`, {
      cause,
      section: "draft -11, section 6.7.1",
    });
  }
}

async function proveResourceToken(resourceToken: string, discovery: Discovery): Promise<void> {
  const read = readToken(decodeJwt(resourceToken), RESOURCE_TOKEN);
  try {
    await verifyWithIssuerKey(resourceToken, read, RESOURCE_TOKEN, discovery);
  } catch (cause) {
    if (!(cause instanceof AAuthError)) throw cause;
    const { code, message } = cause;
    throw new AAuthAgentError(code, message, { cause, section: "draft -11, section 6.7.3" });
  }
}

/** The claims of the presented person or auth token that the resource token must repeat. */
function presentedClaims(token: string | undefined): Readonly<Record<"sub" | "jti", unknown>> {
  const { header, claims }: DecodedToken = token === undefined ? NOTHING : decodeJwt(token);
  if (header.typ === TOKEN_TYPES.person || header.typ === TOKEN_TYPES.auth) {
    return { sub: claims.sub, jti: claims.jti };
  }
  throw untrusted("the request presented no person token or auth token", "presented_jti");
}

const NOTHING: DecodedToken = { header: {}, claims: {} };

function untrusted(reason: string, claim: string, expected?: string): AAuthAgentError {
  return new AAuthAgentError("challenge_untrusted", `the challenge is not followed: ${reason}`, {
    claim,
    expected,
    section: "draft -11, section 6.7.3",
  });
}

/**
 * Requests of an agent to its person server (draft -11, sections 7, 8 and 10), and the checks of
 * the response.
 *
 * @module
 */

import { AAuthAgentError, AAuthError, TokenRequestError } from "../errors.ts";
import { lifetimeOf, oneLine, textOf } from "../profile/answer-members.ts";
import type { WantedToken } from "../profile/calls.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import type {
  CheckedToken,
  DeferredToken,
  ExpectedToken,
  GrantedToken,
  OfferRules,
  TokenRequest,
  TokenRequestContext,
  TokenRequestRules,
  TokenResponse,
  TokenResponseContext,
} from "../profile/token-requests.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import { readToken } from "../tokens/token-schema.ts";
import { ACCEPTED, deferredIn, readQuestion, readSession, requirementOf } from "./deferred.ts";
import { documents } from "./documents.ts";
import { parseSignatureError } from "./headers.ts";
import { ALGORITHMS, LEVELS, SIGNATURE_ERROR } from "./names.ts";
import { AUTH_TOKEN, checkTimes, PERSON_TOKEN } from "./token-schemas.ts";

export type Members = Readonly<Record<string, unknown>>;

const [, PERSON, AUTH] = LEVELS;
const JSON_TYPE = "application/json";
/** Section 7.9.1. */
export const RENEW_BEFORE_SECONDS = 300;
/** Error codes of the draft or of an access server (section 11.9.2). */
const ERROR = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

// ---------------------------------------------------------------------------------------- requests

export function tokenRequest(
  type: string,
  server: string,
  endpoint: string,
  { identity }: TokenRequestContext,
  members: Members,
  expects?: Members,
): TokenRequest {
  return {
    type,
    server,
    kind: documents.kinds.person,
    endpoint,
    contentType: JSON_TYPE,
    body: JSON.stringify(members),
    signatureKey: requireTopLevel(identity),
    expects,
  };
}

/** A sub-agent never calls a person server: its parent does (section 10.2.2). */
function requireTopLevel(identity: SignatureKeyScheme): SignatureKeyScheme {
  if (identity.scheme !== "jwt" || claimsOf(identity.jwt)?.parent_agent === undefined) return identity;
  throw new AAuthAgentError("person_required", "a sub-agent cannot request tokens; its parent must", {
    section: "draft -11, section 10.2.2",
  });
}

export const claimsOf = (token: string): Members | undefined => decodedOf(token)?.claims;

export function decodedOf(token: string): DecodedToken | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

/** Capabilities as sent: an empty list is omitted. */
export const listed = (words: readonly string[] = []) => (words.length > 0 ? words : undefined);

function request(wanted: WantedToken, context: TokenRequestContext): TokenRequest {
  const { server, resource, resourceToken, expects } = wanted;
  const { upstreamToken, presented, mission, subagentToken, capabilities, justification, loginHint } =
    context;
  const common = {
    upstream_token: upstreamToken,
    subagent_token: subagentToken,
    capabilities: listed(capabilities),
    justification,
    // The resource's login hint is passed on unchanged (section 6.7.1).
    login_hint: textOf(expects?.loginHint) ?? loginHint,
  };
  if (resourceToken === undefined) {
    // An upstream token carries the mission itself (section 7.1).
    const own = upstreamToken === undefined ? mission : undefined;
    const members = { resource, mission_s256: own, ...common };
    const expected = { ...expects, mission: own, fromUpstream: upstreamToken !== undefined };
    return tokenRequest(PERSON, server, "person_token_endpoint", context, members, expected);
  }
  const members = { resource_token: resourceToken, presented_token: presented, ...common };
  return tokenRequest(AUTH, server, "auth_token_endpoint", context, members, expects);
}

const offer: OfferRules = {
  kind: documents.kinds.resource,
  endpoint: "authorization_endpoint",
  contentType: JSON_TYPE,
  body: (scope) => JSON.stringify({ scope }),
  refusalStatus: 400,
  read(response) {
    const { status, members } = response;
    const session = readSession(response);
    const resourceToken = textOf(members?.resource_token);
    if (status === 200 && resourceToken !== undefined) {
      return { challenge: { level: AUTH, resourceToken }, session };
    }
    const error = textOf(members?.error);
    if (status === 400 && error !== undefined && ERROR.test(error))
      throw refusal(error, members ?? {}, status, "6.6.3");
    return { session };
  },
};

// --------------------------------------------------------------------------------------- responses

async function read(
  response: TokenResponse,
  context: TokenResponseContext,
): Promise<GrantedToken | DeferredToken> {
  const { status, members } = response;
  if (status === ACCEPTED) return readDeferred(response);
  const token = textOf(members?.auth_token) ?? textOf(members?.person_token);
  if (status === 200) {
    if (token === undefined) throw failed("the response of the person server contains no token", "7.1");
    const checked = await check(token, context);
    return { type: "granted", token, ...checked, expiresInSeconds: lifetimeOf(members?.expires_in) };
  }
  throw refusedBy(response);
}

export function readDeferred(response: TokenResponse): DeferredToken {
  const requirement = requirementOf(response);
  const deferred = deferredIn(response, requirement ?? { requirement: "" });
  if (deferred === undefined) throw failed("a deferred response has no Location", "11.8.2");
  const isQuestion = requirement?.requirement === "clarification";
  const clarification = isQuestion && response.members && readQuestion(response.members);
  if (isQuestion && !clarification) throw failed("a clarification has no question", "7.5.1");
  return { type: "deferred", deferred: clarification ? { ...deferred, clarification } : deferred };
}

/** The error in a response of a person server. */
export function refusedBy({ status, members = {}, field }: TokenResponse): AAuthAgentError {
  if (status === 402) {
    return new AAuthAgentError(
      "payment_required",
      "the person server requires payment, which is not supported",
    );
  }
  // The field takes precedence; the body is optional (section 11.9.1).
  const value = status === 401 ? field(SIGNATURE_ERROR) : null;
  if (value !== null) {
    try {
      return refusal(parseSignatureError(value).error, members, status, "11.9.1");
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
    }
  }
  const error = textOf(members.error);
  if (error !== undefined && ERROR.test(error)) {
    return refusal(error, members, status, SECTIONS[error] ?? "11.9.3");
  }
  const reason = status === 410 || status === 404 ? "the pending request no longer exists" : "";
  return failed(`the person server answered with status ${status}${reason && `: ${reason}`}`, "11.8.4");
}

/** Sections of errors other than those of a token endpoint. */
const SECTIONS: Readonly<Record<string, string>> = {
  denied: "11.9.4",
  abandoned: "11.9.4",
  expired: "11.9.4",
  revoked: "11.9.4",
  invalid_code: "11.9.4",
  slow_down: "11.9.4",
  mission_not_found: "8.7",
  mission_terminated: "8.8",
};

function refusal(error: string, { detail, termination_reason }: Members, status: number, section: string) {
  const reasons = [textOf(detail), textOf(termination_reason)].filter((text) => text !== undefined);
  const text = reasons.length > 0 ? reasons.join(": ") : "no reason given";
  return new TokenRequestError(error, oneLine(text), status, undefined, {
    server: "person server",
    section: `draft -11, section ${section}`,
  });
}

/**
 * Makes the checks of section 9.4.4, and those of a person token: requested type, expected issuer,
 * resource and person, binding to the signing key, and no more scope than the resource token.
 *
 * Does NOT verify the token's signature: the resource does.
 */
export async function check(token: string, expected: ExpectedToken): Promise<CheckedToken> {
  const { expects = {}, server, resource, thumbprint, now } = expected;
  const isPerson = expects.level === PERSON;
  try {
    const decoded = decodeJwt(token);
    const { claims } = isPerson ? readToken(decoded, PERSON_TOKEN) : readToken(decoded, AUTH_TOKEN);
    const bound = await confirmationKey(decoded.claims, ALGORITHMS);
    const checks: readonly (readonly [claim: string, found: unknown, expected: unknown])[] = [
      ["iss", claims.iss, isPerson ? server : expects.issuer],
      ["aud", claims.aud, resource],
      ["cnf", bound.thumbprint, thumbprint],
      ...(isPerson ? personChecks(claims, expects) : authChecks(claims, expects)),
    ];
    for (const [claim, found, wanted] of checks) {
      if (found !== wanted) throw invalid(`\`${claim}\` is not the expected value`, claim, String(wanted));
    }
    checkTimes(claims, { now });
    return { claims, exp: claims.exp };
  } catch (cause) {
    if (cause instanceof AAuthAgentError) throw cause;
    const { message, claim } =
      cause instanceof AAuthError ? cause : { message: "unreadable", claim: undefined };
    throw invalid(message, claim, undefined, cause);
  }
}

/** A token with another mission would make the caller's requests part of that mission. */
const personChecks = (claims: Members, { mission, fromUpstream }: Members) =>
  fromUpstream === true ? [] : ([["mission_s256", claims.mission_s256, mission]] as const);

function authChecks(claims: Members, { ps, sub, scope, account }: Members) {
  const asked = String(scope).split(" ");
  const isWithin = String(claims.scope ?? "")
    .split(" ")
    .every((word) => word === "" || asked.includes(word));
  if (!isWithin) throw invalid("`scope` exceeds the scope of the resource token", "scope", String(scope));
  return [
    ["ps", claims.ps, ps],
    ["sub", claims.sub, sub],
    ["account", claims.account, account],
  ] as const;
}

export const tokenRequests: TokenRequestRules = {
  renewBeforeSeconds: RENEW_BEFORE_SECONDS,
  request,
  offer,
  read,
};

export function failed(reason: string, section: string): AAuthAgentError {
  return new AAuthAgentError("token_request_failed", reason, { section: `draft -11, section ${section}` });
}

function invalid(reason: string, claim?: string, expected?: string, cause?: unknown): AAuthAgentError {
  return new AAuthAgentError("token_request_failed", `invalid token: ${reason}`, {
    cause,
    claim,
    expected,
    section: "draft -11, section 9.4.4",
  });
}

/**
 * What an agent asks of its person server (draft -11, sections 7, 8 and 10), and what it makes sure of before it uses the answer.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { decodeBase64Url } from "../base64.ts";
import { AAuthAgentError, AAuthError, TokenRequestError } from "../errors.ts";
import type {
  ExpectedGrant,
  GrantAnswer,
  GrantContext,
  GrantHints,
  GrantRequest,
  GrantResponse,
  GrantRules,
  OfferRules,
} from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { parseJsonObject } from "../tokens/json-object.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import { readToken } from "../tokens/token-schema.ts";
import type { SigningKey } from "../types.ts";
import { documents } from "./documents.ts";
import { parseSignatureError } from "./headers.ts";
import { isServerIdentifier, parseAgentIdentifier } from "./identifiers.ts";
import { issueAgentToken } from "./issue-tokens.ts";
import { ALGORITHMS, LEVELS, SIGNATURE_ERROR, TOKEN_TYPES } from "./names.ts";
import { ACCEPTED, pendingIn, readQuestion, requirementOf } from "./pending.ts";
import { AGENT_TOKEN, AUTH_TOKEN, checkTimes, PERSON_TOKEN } from "./token-schemas.ts";

type Members = Readonly<Record<string, unknown>>;

const [, PERSON, AUTH] = LEVELS;
const JSON_TYPE = "application/json";
/** Section 7.9.1. */
const RENEW_BEFORE_SECONDS = 300;
const MAX_DETAIL_CHARACTERS = 500;
/** Codes are words of the text, or of an access server (section 11.9.2). */
const ERROR = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

// ---------------------------------------------------------------------------------------------------------------- requests

function request(
  type: string,
  server: string,
  endpoint: string,
  { identity }: GrantContext,
  members: Members,
  expects?: Members,
): GrantRequest {
  requireTopLevel(identity);
  return {
    type,
    server,
    kind: documents.kinds.person,
    endpoint: ({ [endpoint]: address }) => textOf(address),
    contentType: JSON_TYPE,
    body: JSON.stringify(members),
    credential: identity,
    ...(expects && { expects }),
  };
}

/** A sub-agent never calls a person server: its parent does (section 10.2.2). */
function requireTopLevel(identity: Credential): void {
  if (identity.scheme !== "jwt") return;
  if (claimsOf(identity.jwt)?.parent_agent === undefined) return;
  throw new AAuthAgentError("person_required", "the tokens of a sub-agent come from its parent", {
    section: "draft -11, section 10.2.2",
  });
}

/** The members of both token requests. Undefined ones are not sent. */
const common = (
  { capabilities, justification, loginHint, subagentToken }: GrantHints,
  upstreamToken: string | undefined,
): Members => ({
  upstream_token: upstreamToken,
  subagent_token: subagentToken,
  capabilities: capabilities?.length ? capabilities : undefined,
  justification,
  login_hint: loginHint,
});

const forDemand: GrantRules["forDemand"] = (demand, context) => {
  const { server, resource, resourceToken, expects } = demand;
  const { upstreamToken, presented, hints = {} } = context;
  if (resourceToken === undefined) {
    // The upstream token carries the mission itself (section 7.1).
    const mission = upstreamToken === undefined ? hints.mission : undefined;
    const members = { resource, mission_s256: mission, ...common(hints, upstreamToken) };
    const expected = { ...expects, mission, fromUpstream: upstreamToken !== undefined };
    return request(PERSON, server, "person_token_endpoint", context, members, expected);
  }
  // The resource's word about who it is goes on unchanged (section 6.7.1).
  const loginHint = textOf(expects?.loginHint) ?? hints.loginHint;
  const members = {
    resource_token: resourceToken,
    presented_token: presented,
    ...common({ ...hints, loginHint }, upstreamToken),
  };
  return request(AUTH, server, "auth_token_endpoint", context, members, expects);
};

const offer: OfferRules = {
  kind: documents.kinds.resource,
  endpoint: ({ authorization_endpoint: endpoint }) => textOf(endpoint),
  contentType: JSON_TYPE,
  body: (scope) => JSON.stringify({ scope }),
  refusalStatus: 400,
  read({ status, members }) {
    const resourceToken = textOf(members?.resource_token);
    if (status === 200 && resourceToken !== undefined) return { level: AUTH, resourceToken };
    const error = textOf(members?.error);
    if (status === 400 && error !== undefined && ERROR.test(error))
      throw refusal(error, members ?? {}, status, "6.6.3");
    return undefined;
  },
};

// ----------------------------------------------------------------------------------------------------------------- answers

function read(response: GrantResponse): GrantAnswer {
  const { status, members, field } = response;
  if (status === ACCEPTED) return readPending(response);
  const token = textOf(members?.auth_token) ?? textOf(members?.person_token);
  if (status === 200) {
    if (token === undefined) throw failed("the person server answered with no token", "7.1");
    const lifetime = members?.expires_in;
    return {
      type: "granted",
      token,
      ...(typeof lifetime === "number" && lifetime > 0 && { expiresInSeconds: lifetime }),
    };
  }
  throw refusedBy(status, members, field);
}

function readPending(response: GrantResponse): GrantAnswer {
  const requirement = requirementOf(response);
  const pending = pendingIn(response, requirement ?? { requirement: "" });
  if (pending === undefined) throw failed("a pending answer has no Location", "11.8.2");
  const isQuestion = requirement?.requirement === "clarification";
  const clarification = isQuestion && response.members && readQuestion(response.members);
  if (isQuestion && !clarification) throw failed("a clarification has no question", "7.5.1");
  return { type: "pending", pending: clarification ? { ...pending, clarification } : pending };
}

function refusedBy(
  status: number,
  members: Members | undefined,
  field: GrantResponse["field"],
): AAuthAgentError {
  if (status === 402) {
    return new AAuthAgentError(
      "payment_required",
      "the person server wants to be paid, which is not supported",
    );
  }
  // The field is what counts, and the body need not be there (section 11.9.1).
  const value = status === 401 ? field(SIGNATURE_ERROR) : null;
  if (value !== null) {
    try {
      return refusal(parseSignatureError(value).error, members ?? {}, status, "11.9.1");
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
    }
  }
  const error = textOf(members?.error);
  if (error !== undefined && ERROR.test(error)) {
    return refusal(error, members ?? {}, status, POLLING_ERRORS.has(error) ? "11.9.4" : "11.9.3");
  }
  const reason = status === 410 || status === 404 ? "there is no such pending request any more" : "";
  return failed(`the person server answered with status ${status}${reason && `: ${reason}`}`, "11.8.4");
}

const POLLING_ERRORS: ReadonlySet<string> = new Set([
  "denied",
  "abandoned",
  "expired",
  "revoked",
  "invalid_code",
  "slow_down",
]);

function refusal(error: string, { detail, termination_reason }: Members, status: number, section: string) {
  const text = textOf(detail) ?? textOf(termination_reason) ?? "no reason given";
  const oneLine = text.slice(0, MAX_DETAIL_CHARACTERS).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return new TokenRequestError(error, oneLine, status, undefined, {
    server: "person server",
    section: `draft -11, section ${section}`,
  });
}

/**
 * The checks of section 9.4.4, and those of a person token: of the type asked for, from the server that had to issue it, for the resource and
 * person meant, bound to the key that signs, and not for more than the resource token asked.
 *
 * Does NOT verify the token's signature: the resource does.
 */
async function check(token: string, expected: ExpectedGrant) {
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
      if (found !== wanted) throw invalid(`\`${claim}\` is another`, claim, String(wanted));
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

/** A token with a mission would make calls part of it that the caller means to be part of none. */
const personChecks = (claims: Members, { mission, fromUpstream }: Members) =>
  fromUpstream === true ? [] : ([["mission_s256", claims.mission_s256, mission]] as const);

function authChecks(claims: Members, { ps, sub, scope, account }: Members) {
  const asked = String(scope).split(" ");
  const isWithin = String(claims.scope ?? "")
    .split(" ")
    .every((word) => word === "" || asked.includes(word));
  if (!isWithin) throw invalid("`scope` is wider than the resource asked for", "scope", String(scope));
  return [
    ["ps", claims.ps, ps],
    ["sub", claims.sub, sub],
    ["account", claims.account, account],
  ] as const;
}

// --------------------------------------------------------------------------------------------------------- agents and servers

const serverOf: NonNullable<GrantRules["serverOf"]> = ({ identity, trustedServers, upstreamToken }) => {
  if (upstreamToken !== undefined) return serverOfUpstream(upstreamToken);
  if (trustedServers[0] !== undefined) return trustedServers[0];
  const { ps } = (identity.scheme === "jwt" && claimsOf(identity.jwt)) || {};
  return typeof ps === "string" && isServerIdentifier(ps) ? ps : undefined;
};

/** The person server of the caller's person: not the one that the agent's own token names (section 10.1.1). */
function serverOfUpstream(token: string): string {
  const decoded = decodedOf(token);
  const { typ } = decoded?.header ?? {};
  const server = typ === TOKEN_TYPES.person ? decoded?.claims.iss : decoded?.claims.ps;
  const isKnown = typ === TOKEN_TYPES.person || typ === TOKEN_TYPES.auth;
  if (!isKnown || typeof server !== "string" || !isServerIdentifier(server)) {
    throw new AAuthAgentError("malformed_token", "the upstream token is no person or auth token", {
      section: "draft -11, section 10.1.1",
    });
  }
  return server;
}

const decodedOf = (token: string): DecodedToken | undefined => {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
};
const claimsOf = (token: string): Members | undefined => decodedOf(token)?.claims;

interface OwnToken {
  readonly token: string;
  readonly exp: number;
  readonly of: string;
}
const ownTokens = new WeakMap<SigningKey, OwnToken>();

/** An agent that is its own agent provider: its identifier's domain is the provider (section 10.1.1.1). */
const ownIdentity: NonNullable<GrantRules["ownIdentity"]> = async ({ id, key, server, now }) => {
  const of = `${id} ${server ?? ""}`;
  const known = ownTokens.get(key);
  if (known?.of === of && now() < known.exp - RENEW_BEFORE_SECONDS)
    return { scheme: "jwt", jwt: known.token };
  const { token, claims } = await issueAgentToken({
    key,
    issuer: `https://${parseAgentIdentifier(id)?.domain ?? ""}`,
    agent: id,
    personServer: server,
    confirmationKey: key.publicJwk,
    now,
  });
  ownTokens.set(key, { token, exp: claims.exp, of });
  return { scheme: "jwt", jwt: token };
};

const subAgents: NonNullable<GrantRules["subAgents"]> = {
  async keyOf(subagentToken, parent) {
    try {
      const decoded = decodeJwt(subagentToken);
      const { parent_agent } = readToken(decoded, AGENT_TOKEN).claims;
      if (parent_agent === parent) return (await confirmationKey(decoded.claims, ALGORITHMS)).thumbprint;
    } catch (error) {
      if (!(error instanceof AAuthError)) throw error;
    }
    throw new AAuthAgentError("token_agent_mismatch", "the token is not that of a sub-agent of this agent", {
      claim: "parent_agent",
      expected: parent,
      section: "draft -11, section 10.2",
    });
  },
  demandOf: (resourceToken) =>
    resourceToken === undefined ? { level: PERSON } : { level: AUTH, resourceToken },
};

// ---------------------------------------------------------------------------------------------------------------- missions

const missions: NonNullable<GrantRules["missions"]> = {
  propose(server, { description, tools, resources }, context) {
    const { capabilities, loginHint } = context.hints ?? {};
    const members = { description, tools, resources, login_hint: loginHint };
    const asked = { ...members, capabilities: capabilities?.length ? capabilities : undefined };
    return request("mission", server, "mission_endpoint", context, asked);
  },
  async read({ status, members, field }) {
    if (status !== 200) throw refusedBy(status, members, field);
    const [id, mission] = [textOf(members?.s256), textOf(members?.mission)];
    const bytes = mission === undefined ? undefined : decodeBase64Url(mission);
    if (id === undefined || bytes === undefined) throw failed("the approval has no mission", "8.2");
    if ((await platformCrypto.digest("sha-256", bytes, "base64url")) !== id) {
      throw failed("s256 is not the digest of the mission", "8.2.1");
    }
    const blob = parseJsonObject(new TextDecoder().decode(bytes));
    if (blob === undefined) throw failed("the mission is not a JSON object", "8.2");
    const tokens = Object.entries((members?.person_tokens ?? {}) as Members);
    return {
      id,
      mission: blob,
      tokens: Object.fromEntries(
        tokens.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      ),
    };
  },
  expected: ({ id }) => ({ scope: "", variant: PERSON, expects: { level: PERSON, mission: id } }),
};

// ------------------------------------------------------------------------------------------------------------------- rules

export const grants: GrantRules = {
  defers: true,
  onePerson: true,
  renewBeforeSeconds: RENEW_BEFORE_SECONDS,
  ownIdentity,
  serverOf,
  subAgents,
  missions,
  forDemand,
  offer,
  read,
  check,
  clarify: (answer) =>
    answer.action === "cancel"
      ? { method: "DELETE" }
      : { method: "POST", contentType: JSON_TYPE, body: JSON.stringify(clarificationBody(answer)) },
  relay: (server, { url, code }, context) =>
    request("interaction", server, "interaction_endpoint", context, {
      type: "interaction",
      url,
      code,
      mission_s256: context.hints?.mission,
    }),
  refresh: undefined,
  code: undefined,
  own: undefined,
  revoke: undefined,
  consentUrl: () => undefined,
};

function clarificationBody(
  answer: Exclude<Parameters<NonNullable<GrantRules["clarify"]>>[0], { action: "cancel" }>,
): Members {
  if (answer.action === "respond") {
    return { action: "clarification_response", clarification_response: answer.response };
  }
  const { resourceToken, presentedToken, justification } = answer;
  const tokens = { resource_token: resourceToken, presented_token: presentedToken };
  return { action: "updated_request", ...tokens, justification };
}

function failed(reason: string, section: string): AAuthAgentError {
  return new AAuthAgentError("token_request_failed", reason, { section: `draft -11, section ${section}` });
}

function invalid(reason: string, claim?: string, expected?: string, cause?: unknown): AAuthAgentError {
  return new AAuthAgentError("token_request_failed", `invalid token: ${reason}`, {
    cause,
    ...(claim !== undefined && { claim }),
    ...(expected !== undefined && { expected }),
    section: "draft -11, section 9.4.4",
  });
}

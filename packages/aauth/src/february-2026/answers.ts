/**
 * Responses to refused requests: the status, and the challenge in `Agent-Auth` (profile 3.1).
 *
 * @module
 */

import { type AAuthError, AAuthVerificationError, publicRefusal } from "../errors.ts";
import type { AnswerOptions, AnswerWriter } from "../profile/answers.ts";
import type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
import type { ProvenCaller, Requirement } from "../types.ts";
import { formatAgentAuth } from "./agent-auth.ts";
import { issueResourceToken } from "./issue-tokens.ts";
import { AGENT_AUTH } from "./names.ts";
import { RESOURCE_TOKEN } from "./token-schemas.ts";

/** Members that the challenges of a resource name. */
export interface ResourceServer {
  /**
   * Issuer identifier of the auth server that issues auth tokens for the resource. Default: none,
   * so that no auth token is accepted, and no resource token issued.
   */
  readonly authServer?: string | undefined;
  /**
   * Signature algorithms listed in challenges for an identity, for example `["ed25519"]`. Default:
   * none; the agent then assumes all standard ones.
   */
  readonly algs?: readonly string[] | undefined;
}

/** Errors that an auth token can cure. */
const CURED_BY_TOKEN: ReadonlySet<string> = new Set([
  "authorization_required",
  "token_expired",
  "insufficient_scope",
]);

const LIMIT_REACHED = "Too many requests for this level";

/**
 * False if signing would not help the caller: a wrong host, oversized headers, a full replay store,
 * an untrusted agent.
 */
const isCuredBySigning = (error: AAuthError): boolean =>
  (error instanceof AAuthVerificationError && error.status === 401) || error.code === "insufficient_scope";

/**
 * Writes a challenge for a signature or an identity. An untrusted caller also learns the components
 * that it must cover, which are public.
 */
export function refuseWithoutToken(
  error: AAuthError,
  requirement: Requirement<string>,
  algs: readonly string[] | undefined = undefined,
): Answer {
  const { code, message } = publicRefusal(error);
  if (!isCuredBySigning(error)) return answer(statusOf(error), undefined, code);
  const identityWanted = error.code === "identity_required" || provenCallerOf(error) !== undefined;
  const challenge =
    identityWanted && requirement.level !== "pseudonymous"
      ? formatAgentAuth({ level: "identified", ...(algs && { algs }) })
      : formatAgentAuth({ level: "pseudonymous" });
  const why = code === "insufficient_coverage" ? `${code}: ${message}` : code;
  return answer(401, challenge, `Valid AAuth signature required: ${why}`);
}

/**
 * Creates the responses of a resource. A resource token is issued only to an agent with a verified
 * signature.
 */
export function createAnswers(options: AnswerOptions, server: ResourceServer): AnswerWriter {
  const { key, resource, now } = options;
  const { authServer = "", algs } = server;
  if (authServer === "")
    throw new TypeError("authServer is missing: make the profile with february2026Resource({ authServer })");

  async function resourceToken(caller: ProvenCaller, scopes: readonly string[]): Promise<ResourceTokenGrant> {
    if (scopes.length === 0) throw new TypeError("a requirement of level authorized must have scopes");
    if (caller.agent === undefined) {
      throw new TypeError("a resource token needs a caller with a proven agent identity");
    }
    const token = await issueResourceToken({
      key: key(),
      resource,
      authServer,
      agent: caller.agent,
      agentJkt: caller.thumbprint,
      scope: scopes.join(" "),
      now,
    });
    return {
      resourceToken: token,
      server: authServer,
      expiresInSeconds: RESOURCE_TOKEN.lifetime.defaultSeconds,
    };
  }

  async function authorizationChallenge(
    caller: ProvenCaller,
    scopes: readonly string[],
    status: number,
  ): Promise<Answer> {
    const { resourceToken: token, server: authServer } = await resourceToken(caller, scopes);
    const challenge = formatAgentAuth({ level: "authorized", resourceToken: token, authServer });
    return answer(status, challenge, "Authorization required");
  }

  return {
    resourceToken,

    refuse(error, requirement) {
      const proven = provenCallerOf(error);
      return CURED_BY_TOKEN.has(error.code) && proven !== undefined && requirement.level === "authorized"
        ? authorizationChallenge(proven, requirement.scopes ?? [], statusOf(error))
        : refuseWithoutToken(error, requirement, algs);
    },

    async limitReached(caller, { retryAfterSeconds, raisedBy }) {
      const wait = { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) };
      const { status, headers } =
        caller.agent === undefined
          ? answer(429, formatAgentAuth({ level: "identified", ...(algs && { algs }) }), LIMIT_REACHED)
          : raisedBy.length > 0
            ? await authorizationChallenge(caller, raisedBy, 429)
            : answer(429, undefined, LIMIT_REACHED);
      return { status, headers: { ...headers, ...wait }, body: LIMIT_REACHED };
    },
  };
}

const statusOf = (error: AAuthError) => (error instanceof AAuthVerificationError ? error.status : 500);
const provenCallerOf = (error: AAuthError) =>
  error instanceof AAuthVerificationError ? error.provenCaller : undefined;

function answer(status: number, agentAuth: string | undefined, body: string): Answer {
  return {
    status,
    headers: {
      ...(agentAuth === undefined ? {} : { [AGENT_AUTH]: agentAuth }),
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
    },
    body,
  };
}

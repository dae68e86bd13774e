/**
 * The answers to requests that did not pass: which status, and in `Agent-Auth` what would help (profile 3.1).
 *
 * @module
 */

import { type AAuthError, AAuthVerificationError } from "../../errors.ts";
import type { ProvenCaller } from "../../types.ts";
import type { Answer, AnswerOptions, AnswerWriter, ResourceTokenGrant } from "../wire-profile.ts";
import { formatAgentAuth } from "./agent-auth.ts";
import { AGENT_AUTH, RESOURCE_TOKEN_SECONDS } from "./names.ts";
import { issueResourceToken, requireResourceTokenLifetime } from "./resource-token.ts";

/** What an auth token would cure. */
const CURED_BY_TOKEN: ReadonlySet<string> = new Set([
  "authorization_required",
  "token_expired",
  "insufficient_scope",
]);

const LIMIT_REACHED = "Too many requests for this level";

/**
 * False where a challenge would only make the caller sign in vain: the wrong host, headers that are too large, no room to remember the
 * request, an agent that is not welcome.
 */
const isCuredBySigning = (error: AAuthError): boolean =>
  (error instanceof AAuthVerificationError && error.status === 401) || error.code === "insufficient_scope";

/**
 * A resource token is issued only to an agent whose request signature was proven; every other caller is asked for a signature or an
 * identity and learns nothing more.
 */
export function createAnswers(options: AnswerOptions): AnswerWriter {
  const { resource, authServer, key, now, lifetimeSeconds = RESOURCE_TOKEN_SECONDS } = options;
  requireResourceTokenLifetime(lifetimeSeconds);
  const algs = options.algs === undefined ? {} : { algs: options.algs };

  async function resourceToken(caller: ProvenCaller, scopes: readonly string[]): Promise<ResourceTokenGrant> {
    if (scopes.length === 0) throw new TypeError("a requirement of level authorized must name scopes");
    if (caller.agent === undefined)
      throw new TypeError("a resource token names an agent: the caller has proven none");
    const token = await issueResourceToken({
      key: key(),
      resource,
      authServer,
      agent: caller.agent,
      agentJkt: caller.thumbprint,
      scope: scopes.join(" "),
      now,
      lifetimeSeconds,
    });
    return { resourceToken: token, authServer, expiresInSeconds: lifetimeSeconds };
  }

  async function authorization(
    caller: ProvenCaller,
    scopes: readonly string[],
    status: number,
  ): Promise<Answer> {
    const challenge = formatAgentAuth({ level: "authorized", ...(await resourceToken(caller, scopes)) });
    return answer(status, challenge, "Authorization required");
  }

  return {
    resourceToken,

    refuse(error, { requirement, caller }) {
      if (!isCuredBySigning(error)) return answer(statusOf(error), undefined, error.code);
      const proven = provenCallerOf(error) ?? (caller?.agent === undefined ? undefined : caller);
      if (CURED_BY_TOKEN.has(error.code) && proven !== undefined && requirement.level === "authorized") {
        return authorization(proven, requirement.scopes ?? [], statusOf(error));
      }
      const identityWanted = error.code === "identity_required" || provenCallerOf(error) !== undefined;
      const level = identityWanted && requirement.level !== "pseudonymous" ? "identified" : "pseudonymous";
      const challenge = formatAgentAuth({ level, ...(level === "identified" && algs) });
      return answer(401, challenge, `Valid AAuth signature required: ${error.code}`);
    },

    async limitReached(caller, { retryAfterSeconds, raisedBy }) {
      const wait = { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) };
      const { status, headers } =
        caller.agent === undefined
          ? answer(429, formatAgentAuth({ level: "identified", ...algs }), LIMIT_REACHED)
          : raisedBy.length > 0
            ? await authorization(caller, raisedBy, 429)
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

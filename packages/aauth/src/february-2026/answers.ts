/**
 * The answers to requests that did not pass: which status, and in `Agent-Auth` what would help
 * (profile 3.1).
 *
 * @module
 */

import { type AAuthError, AAuthVerificationError, publicRefusal } from "../errors.ts";
import type { AnswerOptions, AnswerWriter, RefusalContext } from "../profile/answers.ts";
import type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
import { requireLifetime } from "../tokens/issue-token.ts";
import type { ProvenCaller } from "../types.ts";
import { formatAgentAuth } from "./agent-auth.ts";
import { issueResourceToken } from "./issue-tokens.ts";
import { AGENT_AUTH } from "./names.ts";
import { RESOURCE_TOKEN } from "./token-schemas.ts";

/** What an auth token would cure. */
const CURED_BY_TOKEN: ReadonlySet<string> = new Set([
  "authorization_required",
  "token_expired",
  "insufficient_scope",
]);

const LIMIT_REACHED = "Too many requests for this level";

/**
 * False where a challenge would only make the caller sign in vain: the wrong host, headers that are
 * too large, no room to remember the request, an agent that is not welcome.
 */
const isCuredBySigning = (error: AAuthError): boolean =>
  (error instanceof AAuthVerificationError && error.status === 401) || error.code === "insufficient_scope";

/**
 * Asks for a signature or an identity. An untrusted caller learns nothing more, but which
 * components it has to cover, which is public.
 */
export function refuseWithoutToken(
  error: AAuthError,
  { requirement }: RefusalContext,
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

/** A resource token is issued only to an agent whose request signature was proven. */
export function createAnswers(options: AnswerOptions): AnswerWriter {
  const { key, resource, now, algs } = options;
  const { lifetimeSeconds = RESOURCE_TOKEN.lifetime.defaultSeconds } = options;
  const authServer = requireAuthServer(options);
  requireLifetime(lifetimeSeconds, RESOURCE_TOKEN.lifetime);

  async function resourceToken(caller: ProvenCaller, scopes: readonly string[]): Promise<ResourceTokenGrant> {
    if (scopes.length === 0) throw new TypeError("a requirement of level authorized must name scopes");
    if (caller.agent === undefined) {
      throw new TypeError("a resource token names an agent, and the caller has proven none");
    }
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

  async function authorizationChallenge(
    caller: ProvenCaller,
    scopes: readonly string[],
    status: number,
  ): Promise<Answer> {
    const challenge = formatAgentAuth({ level: "authorized", ...(await resourceToken(caller, scopes)) });
    return answer(status, challenge, "Authorization required");
  }

  return {
    resourceToken,

    refuse(error, context) {
      const { requirement, caller } = context;
      const proven = provenCallerOf(error) ?? (caller?.agent === undefined ? undefined : caller);
      return CURED_BY_TOKEN.has(error.code) && proven !== undefined && requirement.level === "authorized"
        ? authorizationChallenge(proven, requirement.scopes ?? [], statusOf(error))
        : refuseWithoutToken(error, context, algs);
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

function requireAuthServer({ authServer }: AnswerOptions): string {
  if (authServer === undefined) throw new TypeError("authServer must name the auth server to send agents to");
  return authServer;
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

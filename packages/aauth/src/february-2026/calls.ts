/**
 * An agent's reaction to the requirements of a resource (profile 3.4, 3.5): challenges are read
 * from `Agent-Auth`, checked, and each kind is met at most once.
 *
 * @module
 */

import { AAuthAgentError, AAuthError } from "../errors.ts";
import type {
  CallCircumstances,
  CallOutcome,
  CallRules,
  CallState,
  CallStep,
  Challenge,
  ChallengeExpectation,
  ResponseHead,
  RetryReason,
  WantedToken,
} from "../profile/calls.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profile/refusal.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { readToken } from "../tokens/token-schema.ts";
import { type AgentAuth, type BareChallenge, incomplete, isBare, readAgentAuth } from "./agent-auth.ts";
import type { FebruaryResourceTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { UserInteractionRequiredError } from "./errors.ts";
import { AGENT_AUTH, SIGNATURE_ALGORITHMS } from "./names.ts";
import { RESOURCE_TOKEN } from "./token-schemas.ts";

/** How an agent presents itself to a resource. */
export interface FirstScheme {
  /** Scheme of the first request to a resource: pseudonymous (`hwk`) or identified (`jwks`). */
  readonly signatureScheme: "hwk" | "jwks";
  /** With scheme hwk: whether the agent identifies itself on request. Default true. */
  readonly mayIdentify?: boolean | undefined;
}

export const callsOf = ({ signatureScheme, mayIdentify = true }: FirstScheme): CallRules => ({
  decide: (state, outcome, circumstances) =>
    decide(state, outcome, { ...circumstances, isAnonymous: signatureScheme === "hwk", mayIdentify }),
  contextStrings: ["state"],
  readResponse: (response) => ({ challenge: readChallenge(response) }),
  checkChallenge,
});

interface Circumstances extends CallCircumstances {
  /** Whether the first request presents only a key. */
  readonly isAnonymous: boolean;
  readonly mayIdentify: boolean;
}

/** State of a call. */
interface State extends CallState {
  readonly stage: "offering" | "first" | "renewed" | "raised" | "authorized";
  /** The last request presented only a key. */
  readonly isAnonymous: boolean;
  /** The last request carried an auth token. */
  readonly hasToken?: boolean;
  /** Set if the first request carried a cached token; whether that is bound to the current key. */
  readonly held?: { readonly isCurrentKey: boolean } | undefined;
  /** The current challenge came with a 429. */
  readonly isLimited?: boolean;
}

type Decision = ReturnType<CallRules["decide"]>;

/**
 * Too Many Requests. Its challenge is optional, because a token only raises the limit; the request
 * was not processed.
 */
const LIMITED = 429;

/**
 * Sends at most four requests to the resource: the first, one without a refused cached token, one
 * for an identity challenge, and one with a new auth token.
 */
function decide(before: CallState, outcome: CallOutcome, circumstances: Circumstances): Decision {
  const state = before as State;
  const { isAnonymous, mayIdentify, scope } = circumstances;
  const first: State = { stage: "first", isAnonymous };
  const start = isAnonymous ? "key" : "identity";

  switch (outcome.type) {
    case "started": {
      const { token, held } = outcome;
      if (token !== undefined) {
        return then({ stage: "first", ...WITH_TOKEN, held }, present(token));
      }
      // An agent that stays anonymous cannot request a resource token in advance either.
      if (scope !== undefined && !(isAnonymous && !mayIdentify)) {
        return then({ ...first, stage: "offering" }, { do: "offer", scope });
      }
      return then(first, { do: "send", as: start });
    }

    case "offered": {
      const { challenge } = outcome;
      return challenge === undefined
        ? then(first, { do: "send", as: start })
        : then(state, { do: "obtain", challenge, keepsResponse: false });
    }

    case "response":
      return afterResponse(state, outcome, circumstances);

    case "held": {
      const { token } = outcome;
      return token === undefined
        ? then({ stage: "renewed", isAnonymous }, { do: "send", as: start, reason: "token_refused" })
        : then({ stage: "renewed", ...WITH_TOKEN }, present(token, "authorization"));
    }

    case "obtained": {
      const { token } = outcome;
      return state.stage === "offering"
        ? then({ stage: "first", ...WITH_TOKEN }, present(token))
        : then({ stage: "authorized", ...WITH_TOKEN }, present(token, "authorization"));
    }

    case "obtain-failed": {
      const { error } = outcome;
      // The token would only have raised the limit, so the 429 is returned.
      return then(state, state.isLimited && error instanceof AAuthError ? ANSWER : { do: "throw", error });
    }
  }
}

function afterResponse(
  state: State,
  { challenge, status }: Extract<CallOutcome, { type: "response" }>,
  { mayIdentify, ...circumstances }: Circumstances,
): Decision {
  const answer = then(state, ANSWER);
  if (challenge === undefined) return answer;
  const { level, interaction, resourceToken, failedCheck } = challenge;
  const isLimited = status === LIMITED;
  const wantsToken = level === "authorized";
  const isBare = wantsToken && resourceToken === undefined;
  // A refusal without a usable challenge, as for a replaced issuer key, means that the cached token
  // is invalid. A token bound to a replaced key is not renewed either.
  if (state.held !== undefined && interaction === undefined && !isLimited) {
    if (!wantsToken || isBare || !state.held.isCurrentKey) return then(state, { do: "discard-held" });
  }
  if (state.hasToken && interaction === undefined && !isLimited) {
    // A challenge below the token's level may also concern the signature, and then names another
    // check.
    const isAboutToken = status === UNAUTHORIZED && (failedCheck ?? TOKEN_CHECK) === TOKEN_CHECK;
    if (isBare || (!wantsToken && isAboutToken)) return then(state, { do: "report-rejected" });
  }
  // A resource token names an agent, so one issued to an anonymous key is useless, and the next
  // challenge contains another.
  if (
    state.isAnonymous &&
    (level === "identified" || (wantsToken && !isLimited && interaction === undefined))
  ) {
    if (mayIdentify) {
      return then(
        { stage: "raised", isAnonymous: false },
        { do: "send", as: "identity", reason: "identity" },
      );
    }
    // Above the limit, an agent that stays anonymous can wait.
    if (isLimited) return answer;
    const error = new AAuthAgentError("identity_required", "the resource requires an identified caller");
    return then(state, { do: "throw", error });
  }
  if (interaction !== undefined) {
    const { returnUrl } = circumstances;
    if (returnUrl === undefined) return answer;
    return then(state, { do: "throw", error: pageOf(interaction, returnUrl, circumstances) });
  }
  if (!wantsToken) return answer;
  if (isBare) return then(state, { do: "throw", error: AAuthAgentError.from(incomplete()) });
  if (state.stage === "authorized") {
    if (isLimited) return answer;
    const reason = "the resource sent another challenge after it received an auth token";
    const error = new AAuthAgentError("challenge_repeated", reason);
    return then(state, { do: "throw", error, forgets: true });
  }
  return then({ ...state, isLimited }, { do: "obtain", challenge, keepsResponse: isLimited });
}

/**
 * A resource may send a user only to its own origin; otherwise this agent could be used to bring
 * its users to any page.
 */
function pageOf(
  address: string,
  returnUrl: string,
  { resource, thumbprint }: Pick<CallCircumstances, "resource" | "thumbprint">,
): AAuthAgentError {
  const url = URL.parse(address);
  const isOwn = url?.origin === new URL(resource).origin && url.username === "" && url.password === "";
  if (url === null || !isOwn) {
    const reason = "the resource sends users to an address that is not its own";
    return new AAuthAgentError("challenge_untrusted", reason);
  }
  url.hash = "";
  url.searchParams.set("return_url", returnUrl);
  return new UserInteractionRequiredError({ interactionUrl: url.href, resource, keyThumbprint: thumbprint });
}

const UNAUTHORIZED = 401;
/** Check of the token in `checks.ts`. */
const TOKEN_CHECK = "token";

const ANSWER: CallStep = { do: "answer" };
const WITH_TOKEN = { isAnonymous: false, hasToken: true } as const;
const present = (token: string, reason?: RetryReason): CallStep => ({
  do: "send",
  as: "token",
  token,
  reason,
});
const then = (state: State, step: CallStep): Decision => ({ state, step });

const CHALLENGE_STATUS: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * The challenge of a response: 401, 403 or 429 with `Agent-Auth`. A 429 with an unreadable
 * challenge is treated as one without.
 */
function readChallenge({ status, field }: ResponseHead): Challenge | undefined {
  if (!CHALLENGE_STATUS.has(status)) return undefined;
  const value = field(AGENT_AUTH);
  if (value === null) return undefined;
  try {
    const challenge = readAgentAuth(value);
    if (status === LIMITED && isBare(challenge)) return undefined;
    return challengeOf(challenge, parseRefusal(field(REFUSAL_FIELD))?.check);
  } catch (error) {
    if (status === LIMITED) return undefined;
    throw AAuthAgentError.from(error);
  }
}

function challengeOf(challenge: AgentAuth | BareChallenge, failedCheck: string | undefined): Challenge {
  const { level, algs, authServer, resourceToken, userInteraction } = challenge;
  if (algs !== undefined && !SIGNATURE_ALGORITHMS.some((name) => algs.includes(name))) {
    throw new AAuthAgentError(
      "unsupported_algorithm",
      "the resource accepts none of the algorithms this agent signs with",
      { claim: "algs", expected: SIGNATURE_ALGORITHMS.join(", ") },
    );
  }
  return { level, failedCheck, server: authServer, resourceToken, interaction: userInteraction };
}

/**
 * Refuses a resource token for another resource, agent or key, and an untrusted auth server.
 * Otherwise a resource could use this agent to obtain tokens for itself.
 *
 * Does NOT verify the resource token's signature: the auth server does.
 */
function checkChallenge(
  { server = "", resourceToken = "" }: Challenge,
  expected: ChallengeExpectation,
): WantedToken {
  const { agent, thumbprint: agentJkt, resource, trustedServers, now } = expected;
  if (!trustedServers.includes(server)) {
    const named = documents.isIdentifier(server) ? server : "with an invalid identifier";
    throw untrusted(`it names the auth server ${named}, which this agent does not trust`);
  }
  const claims = readClaims(resourceToken);
  if (claims.iss !== resource)
    throw untrusted("the resource token's issuer is another resource", "iss", resource);
  try {
    const expected = { audience: server, agent, agentJkt, now };
    for (const check of RESOURCE_TOKEN.beforeSignature) check(claims, expected); // hole B6
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
    throw untrusted(error.message, error.claim, error.expected, error);
  }
  return { server, resource, resourceToken, scope: claims.scope ?? claims.auth_request_url ?? "" };
}

function readClaims(resourceToken: string): FebruaryResourceTokenClaims {
  try {
    return readToken(decodeJwt(resourceToken), RESOURCE_TOKEN).claims;
  } catch (cause) {
    throw new AAuthAgentError("malformed_challenge", "the challenge's resource token cannot be read", {
      cause,
    });
  }
}

function untrusted(reason: string, claim?: string, expected?: string, cause?: unknown): AAuthAgentError {
  return new AAuthAgentError("challenge_untrusted", `the challenge is not followed: ${reason}`, {
    cause,
    claim,
    expected,
  });
}

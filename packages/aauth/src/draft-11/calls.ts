/**
 * How an agent answers what a resource requires (draft -11, sections 6 and 11.6): it shows the best
 * token it has, and climbs from its agent token to a person token to an auth token as far as the
 * resource asks.
 *
 * @module
 */

import { AAuthAgentError, AAuthError, isUnanswered, TokenRequestError } from "../errors.ts";
import type {
  CallOutcome,
  CallRules,
  CallState,
  CallStep,
  Challenge,
  ResponseHead,
  RetryReason,
} from "../profile/calls.ts";
import type { ClarificationAnswer, DeferralRules, DeferredResponse } from "../profile/waiting.ts";
import { checkChallenge, proveResourceToken, publishedComponents } from "./challenges.ts";
import { ACCEPTED, deferredIn, readQuestion, requirementOf } from "./deferred.ts";
import { formatTokenList, parseAccess, parseSignatureError } from "./headers.ts";
import { AAUTH_ACCESS, AAUTH_CAPABILITIES, LEVELS, SIGNATURE_ERROR, TOKEN_TYPES } from "./names.ts";
import { decodedOf } from "./token-requests.ts";

const [AGENT, PERSON, AUTH] = LEVELS;

// --------------------------------------------------------------------------------------- the climb

/** Where a call stands. */
interface State extends CallState {
  /** What the last request carried. */
  readonly shown: typeof AGENT | typeof PERSON | typeof AUTH;
  /** It came from the cache: what is wrong with it, another one may do better. */
  readonly isHeld: boolean;
  /** What is asked for at the moment. */
  readonly getting?: typeof PERSON | typeof AUTH | undefined;
  /** What the auth token asked for at the moment is to allow. */
  readonly wanted?: string | undefined;
  /** What fresh auth tokens of this call allow: challenged again, they do not help. */
  readonly granted: readonly string[];
  /** How often a cached token was given up. */
  readonly restarts: number;
  /** The resource has deferred its response: it is polled there. */
  readonly polled?: DeferredResponse | undefined;
  /** The resource has said what a signature has to cover, and it is covered. */
  readonly isCovering?: boolean | undefined;
  /** A resource token is asked for before the call. */
  readonly isOffering?: boolean | undefined;
  /** The person token that it is asked for with. */
  readonly person?: string | undefined;
  /** A token that is about to expire, in case that no other can be had. */
  readonly ageing?: string | undefined;
}

type Decision = ReturnType<CallRules["decide"]>;

/** A cached auth token and a cached person token may both have been revoked. */
const MAX_RESTARTS = 3;
/** Step-ups of one call. */
const MAX_GRANTS = 5;

const UNAUTHORIZED = 401;
const PAYMENT = 402;

const START: State = { shown: AGENT, isHeld: false, granted: [], restarts: 0 };
const ANSWER: CallStep = { do: "answer" };

const then = (state: State, step: CallStep): Decision => ({ state, step });
const fail = (state: State, error: unknown, forgets = false): Decision =>
  then(state, { do: "throw", error, forgets });
const present = (token: string, reason?: RetryReason): CallStep => ({
  do: "send",
  as: "token",
  token,
  reason,
});
const identify = (reason?: RetryReason): CallStep => ({ do: "send", as: "identity", reason });
const obtain = (state: State, level: typeof PERSON | typeof AUTH, challenge: Challenge): Decision =>
  then(
    { ...state, getting: level, wanted: level === AUTH ? wantedBy(challenge) : undefined },
    { do: "obtain", challenge, keepsResponse: false },
  );

const decide: CallRules["decide"] = (before, outcome, { scope }) => {
  const state = before as State;
  switch (outcome.type) {
    case "started": {
      const { token, held, ageing } = outcome;
      if (token !== undefined) {
        return then({ ...START, shown: kindOf(token), isHeld: held !== undefined }, present(token));
      }
      const first: State = { ...START, ageing };
      return scope === undefined
        ? then(first, identify())
        : obtain({ ...first, isOffering: true }, PERSON, { level: PERSON });
    }

    case "obtained":
      return afterObtained(state, outcome, scope);

    case "offered": {
      const { challenge } = outcome;
      const { person = "", ...rest } = state;
      const next: State = { ...rest, isOffering: false };
      // The resource says what it needs when it is called.
      return challenge === undefined ? then(next, present(person)) : obtain(next, AUTH, challenge);
    }

    case "obtain-failed":
      return afterFailure(state, outcome.error);

    case "held": {
      const { token } = outcome;
      if (state.polled !== undefined)
        return obtain({ ...state, shown: AGENT, isHeld: false }, PERSON, { level: PERSON });
      return token === undefined
        ? then({ ...state, shown: AGENT, isHeld: false }, identify("token_refused"))
        : then({ ...state, shown: kindOf(token), isHeld: true }, present(token, "token_refused"));
    }

    case "response":
      return state.polled === undefined ? afterResponse(state, outcome) : afterPoll(state, outcome);
  }
};

function afterObtained(
  state: State,
  { token, isHeld }: Extract<CallOutcome, { type: "obtained" }>,
  scope: string | undefined,
): Decision {
  const { getting = PERSON, wanted, granted, polled, isOffering } = state;
  const isFreshGrant = getting === AUTH && !isHeld && wanted !== undefined;
  const next: State = {
    ...state,
    shown: getting,
    isHeld,
    granted: isFreshGrant ? [...granted, wanted] : granted,
  };
  if (isOffering && scope !== undefined) {
    return then({ ...next, person: token }, { do: "offer", scope, token });
  }
  if (polled !== undefined) return then(next, { do: "poll", deferred: polled, token });
  return then(next, present(token, getting === PERSON ? "identity" : "authorization"));
}

/** What the token that was shown is, to a server: not this agent's fault, where it was cached. */
const SPENT: ReadonlySet<string> = new Set([
  "invalid_presented_token",
  "expired_presented_token",
  "revoked_presented_token",
]);

function afterFailure(state: State, error: unknown): Decision {
  const { ageing, ...without } = state;
  // An agent without a person can be served all the same.
  if (state.isOffering && error instanceof AAuthError && error.code === "person_required") {
    return then({ ...state, isOffering: false }, identify());
  }
  if (ageing !== undefined && error instanceof AAuthError && isUnanswered(error)) {
    return then({ ...without, shown: kindOf(ageing), isHeld: false }, present(ageing, "authorization"));
  }
  const isSpent = error instanceof TokenRequestError && SPENT.has(error.oauthError);
  return isSpent && mayRestart(state) ? restart(state) : fail(state, error);
}

const mayRestart = ({ isHeld, restarts }: State) => isHeld && restarts < MAX_RESTARTS;

/** From the top of the chain: what follows from a token that is no good is no good either. */
function restart({ polled: _, getting: __, wanted: ___, ...state }: State): Decision {
  return then({ ...state, restarts: state.restarts + 1 }, { do: "discard-held" });
}

/** The reply to a poll for the response that the resource has deferred. */
function afterPoll(
  state: State,
  { status, challenge }: Extract<CallOutcome, { type: "response" }>,
): Decision {
  if (status === PAYMENT) return fail(state, paymentRequired());
  if (challenge?.deferred !== undefined) return afterDeferral(state, challenge, challenge.deferred);
  if (status === UNAUTHORIZED && challenge?.level === AUTH) return stepUp(state, challenge);
  // A resource that has started again does not know whether an older token was revoked; what it
  // holds may still be there.
  if (challenge?.refusal === "invalid_jwt" && state.shown !== AGENT && state.restarts < MAX_RESTARTS)
    return then({ ...state, restarts: state.restarts + 1 }, { do: "discard-held" });
  // Any other answer is the one that was waited for.
  return then(state, ANSWER);
}

function afterDeferral(state: State, challenge: Challenge, deferred: DeferredResponse): Decision {
  const next: State = { ...state, polled: deferred };
  if (challenge.level === AUTH && !state.granted.includes(wantedBy(challenge)))
    return stepUp(next, challenge);
  // What is required beside is in `deferred`, and a requirement that is not known may give way to
  // one that is (section 11.6.2).
  return then(next, { do: "poll", deferred });
}

function afterResponse(
  state: State,
  { status, challenge }: Extract<CallOutcome, { type: "response" }>,
): Decision {
  if (challenge === undefined) return then(state, ANSWER);
  if (status === PAYMENT) return fail(state, paymentRequired());
  if (status === ACCEPTED) {
    return challenge.deferred === undefined
      ? then(state, ANSWER)
      : afterDeferral(state, challenge, challenge.deferred);
  }
  const { shown, restarts } = state;
  const isRefused = challenge.refusal !== undefined && isAboutToken(challenge) && mayRestart(state);
  switch (challenge.level) {
    case "":
      // Agents cover what a resource publishes (section 11.2.4); this one is told by the resource
      // that wants more than most.
      if (challenge.covers !== undefined && state.isCovering !== true) {
        return then({ ...state, isCovering: true }, { do: "cover", components: challenge.covers });
      }
      return isAboutToken(challenge) && mayRestart(state) ? restart(state) : then(state, ANSWER);
    case AGENT:
      if (isRefused) return restart(state);
      if (shown === AGENT) return then(state, ANSWER);
      // What was shown stays good for the routes that take it.
      return then({ ...state, shown: AGENT, isHeld: false, restarts: restarts + 1 }, identify("identity"));
    case PERSON:
      if (isRefused || (shown === PERSON && mayRestart(state))) return restart(state);
      if (shown === PERSON || restarts >= MAX_RESTARTS) return fail(state, repeated(), true);
      return obtain(shown === AGENT ? state : { ...state, restarts: restarts + 1 }, PERSON, challenge);
    case AUTH:
      return stepUp(state, challenge);
    default:
      return fail(state, unsupported(challenge.level));
  }
}

/** The first auth token, or one that allows more (section 6.5). */
function stepUp(state: State, challenge: Challenge): Decision {
  const { granted } = state;
  const isEnough = granted.length >= MAX_GRANTS || granted.includes(wantedBy(challenge));
  return isEnough ? fail(state, repeated(), true) : obtain(state, AUTH, challenge);
}

/** A refusal that another token may avoid; a clock or a signature stays as it is. */
const isAboutToken = ({ refusal }: Challenge) =>
  refusal === undefined || /_jwt$|_key$|^issuer_/.test(refusal);

const repeated = () =>
  new AAuthAgentError("challenge_repeated", "the resource asks again for what it was shown", {
    section: "draft -11, section 6.5",
  });
const unsupported = (level: string) =>
  new AAuthAgentError("unsupported_requirement", `the resource requires ${level}`, { claim: "requirement" });
const paymentRequired = () =>
  new AAuthAgentError("payment_required", "the resource wants to be paid, which is not supported");

/** An unreadable token is the resource's to refuse. */
function kindOf(token: string): State["shown"] {
  const typ = decodedOf(token)?.header.typ;
  return typ === TOKEN_TYPES.person ? PERSON : typ === TOKEN_TYPES.agent ? AGENT : AUTH;
}

/** What a challenge is about: two with the same scope and account ask for the same. */
function wantedBy({ resourceToken = "" }: Challenge): string {
  const claims = decodedOf(resourceToken)?.claims;
  if (claims === undefined) return resourceToken;
  const { scope = "", account = null } = claims;
  return JSON.stringify([scope, account]);
}

// ------------------------------------------------------------------------------------ its messages

const CHALLENGES: ReadonlySet<number> = new Set([UNAUTHORIZED, ACCEPTED, PAYMENT]);

function readChallenge(response: ResponseHead): Challenge | undefined {
  const { status, field } = response;
  if (!CHALLENGES.has(status)) return undefined;
  const requirement = requirementOf(response);
  const deferred = deferredIn(response, requirement);
  const refusal = status === UNAUTHORIZED ? refusalIn(field(SIGNATURE_ERROR)) : {};
  if (requirement === undefined) {
    if (deferred !== undefined) return { level: "", deferred };
    return status === UNAUTHORIZED ? { level: "", ...refusal } : undefined;
  }
  const { requirement: level, resourceToken } = requirement;
  return { level, ...refusal, resourceToken, deferred };
}

function refusalIn(value: string | null): Pick<Challenge, "refusal" | "covers"> {
  if (value === null) return {};
  try {
    const { error: refusal, requiredInput: covers } = parseSignatureError(value);
    return { refusal, covers: refusal === "invalid_input" ? covers : undefined };
  } catch {
    return {}; // a 401 is an answer by itself
  }
}

function readSession({ field }: ResponseHead): string | undefined {
  const value = field(AAUTH_ACCESS);
  if (value === null) return undefined;
  try {
    return parseAccess(value);
  } catch (cause) {
    throw new AAuthAgentError("malformed_challenge", "AAuth-Access is not one session token", {
      cause,
      section: "draft -11, section 6.3",
    });
  }
}

const JSON_TYPE = "application/json";

const deferral: DeferralRules = {
  pageOf({ url, code }, returnUrl) {
    const page = new URL(url);
    page.searchParams.set("code", code);
    if (returnUrl !== undefined) page.searchParams.set("callback", returnUrl);
    return page.href;
  },
  readQuestion,
  formatClarification: (answer) =>
    answer.action === "cancel"
      ? { method: "DELETE" }
      : { method: "POST", contentType: JSON_TYPE, body: JSON.stringify(clarificationBody(answer)) },
};

function clarificationBody(answer: Exclude<ClarificationAnswer, { action: "cancel" }>) {
  if (answer.action === "respond") {
    return { action: "clarification_response", clarification_response: answer.response };
  }
  const { resourceToken, presentedToken, justification } = answer;
  const tokens = { resource_token: resourceToken, presented_token: presentedToken };
  return { action: "updated_request", ...tokens, justification };
}

export const calls: CallRules = {
  alwaysIdentified: true,
  decide,
  readChallenge,
  checkChallenge,
  proveResourceToken,
  publishedComponents,
  readSession,
  deferral,
  requestFields: ({ capabilities, session }) => ({
    ...(capabilities.length > 0 && { [AAUTH_CAPABILITIES]: formatTokenList(capabilities) }),
    ...(session !== undefined && { authorization: `AAuth ${session}` }),
  }),
};

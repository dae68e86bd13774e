/**
 * An agent's reaction to the requirements of a resource (draft -11, sections 6 and 11.6). It
 * presents the best token it has, and steps up from agent token to person token to auth token as
 * far as the resource requires.
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
import { checkChallenge, publishedComponents } from "./challenges.ts";
import { ACCEPTED, deferredIn, readQuestion, readSession, requirementOf } from "./deferred.ts";
import { formatTokenList, parseSignatureError } from "./headers.ts";
import { AAUTH_CAPABILITIES, LEVELS, SIGNATURE_ERROR, TOKEN_TYPES } from "./names.ts";
import { decodedOf } from "./token-requests.ts";

const [AGENT, PERSON, AUTH] = LEVELS;

// --------------------------------------------------------------------------------------- decisions

/** State of a call. */
interface State extends CallState {
  /** Kind of token that the last request carried. */
  readonly shown: typeof AGENT | typeof PERSON | typeof AUTH;
  /** The token came from the cache, so a fresh one may succeed where it fails. */
  readonly isHeld: boolean;
  /** Kind of token being requested. */
  readonly getting?: typeof PERSON | typeof AUTH | undefined;
  /** Scope and account of the auth token being requested. */
  readonly wanted?: string | undefined;
  /**
   * Scopes and accounts of the fresh auth tokens of this call. Requesting them again does not help.
   */
  readonly granted: readonly string[];
  /** Number of times a cached token was discarded. */
  readonly restarts: number;
  /** The deferred response being polled. */
  readonly polled?: DeferredResponse | undefined;
  /** The signature covers the components that the resource has demanded. */
  readonly isCovering?: boolean | undefined;
  /** A resource token is being requested before the call. */
  readonly isOffering?: boolean | undefined;
  /** The person token presented for that. */
  readonly person?: string | undefined;
  /** A token about to expire, used if no other can be obtained. */
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
      // The resource states its requirement when it is called.
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

/**
 * Errors of a server that refuses the presented token. If it was cached, a fresh one may be
 * accepted.
 */
const SPENT: ReadonlySet<string> = new Set([
  "invalid_presented_token",
  "expired_presented_token",
  "revoked_presented_token",
]);

function afterFailure(state: State, error: unknown): Decision {
  const { ageing, ...without } = state;
  // A resource may also serve an agent without a person.
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

/** Restarts from the agent token, because tokens derived from a refused one are invalid, too. */
function restart({ polled: _, getting: __, wanted: ___, ...state }: State): Decision {
  return then({ ...state, restarts: state.restarts + 1 }, { do: "discard-held" });
}

/** Handles the response to a poll of a deferred response. */
function afterPoll(
  state: State,
  { status, challenge }: Extract<CallOutcome, { type: "response" }>,
): Decision {
  if (status === PAYMENT) return fail(state, paymentRequired());
  if (challenge?.deferred !== undefined) return afterDeferral(state, challenge, challenge.deferred);
  if (status === UNAUTHORIZED && challenge?.level === AUTH) return stepUp(state, challenge);
  // A restarted resource does not know whether an older token was revoked, but it may still hold
  // the request.
  if (challenge?.refusal === "invalid_jwt" && state.shown !== AGENT && state.restarts < MAX_RESTARTS)
    return then({ ...state, restarts: state.restarts + 1 }, { do: "discard-held" });
  // Any other response is the deferred one.
  return then(state, ANSWER);
}

function afterDeferral(state: State, challenge: Challenge, deferred: DeferredResponse): Decision {
  const next: State = { ...state, polled: deferred };
  if (challenge.level === AUTH && !state.granted.includes(wantedBy(challenge)))
    return stepUp(next, challenge);
  // `deferred` has the other requirements, and a known one may follow an unknown one (section
  // 11.6.2).
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
      // Agents cover the components that a resource publishes (section 11.2.4). This one reacts to
      // the refusal of a resource that demands more.
      if (challenge.covers !== undefined && state.isCovering !== true) {
        return then({ ...state, isCovering: true }, { do: "cover", components: challenge.covers });
      }
      return isAboutToken(challenge) && mayRestart(state) ? restart(state) : then(state, ANSWER);
    case AGENT:
      if (isRefused) return restart(state);
      if (shown === AGENT) return then(state, ANSWER);
      // The presented token remains valid for routes that accept it.
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

/** Requests the first auth token, or one with more scope (section 6.5). */
function stepUp(state: State, challenge: Challenge): Decision {
  const { granted } = state;
  const isEnough = granted.length >= MAX_GRANTS || granted.includes(wantedBy(challenge));
  return isEnough ? fail(state, repeated(), true) : obtain(state, AUTH, challenge);
}

/** True for a refusal that another token may avoid, unlike one for the clock or the signature. */
const isAboutToken = ({ refusal }: Challenge) =>
  refusal === undefined || /_jwt$|_key$|^issuer_/.test(refusal);

const repeated = () =>
  new AAuthAgentError(
    "challenge_repeated",
    "the resource requires again a token that was already presented",
    {
      section: "draft -11, section 6.5",
    },
  );
const unsupported = (level: string) =>
  new AAuthAgentError("unsupported_requirement", `the resource requires ${level}`, { claim: "requirement" });
const paymentRequired = () =>
  new AAuthAgentError("payment_required", "the resource requires payment, which is not supported");

/** Kind of a token. An unreadable one is presented as an auth token, for the resource to refuse. */
function kindOf(token: string): State["shown"] {
  const typ = decodedOf(token)?.header.typ;
  return typ === TOKEN_TYPES.person ? PERSON : typ === TOKEN_TYPES.agent ? AGENT : AUTH;
}

/** Key of a challenge: challenges with the same scope and account are equal. */
function wantedBy({ resourceToken = "" }: Challenge): string {
  const claims = decodedOf(resourceToken)?.claims;
  if (claims === undefined) return resourceToken;
  const { scope = "", account = null } = claims;
  return JSON.stringify([scope, account]);
}

// ---------------------------------------------------------------------------------------- messages

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
    return {}; // A 401 needs no `Signature-Error`.
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
  decide,
  readResponse: (response) => ({ challenge: readChallenge(response), session: readSession(response) }),
  checkChallenge,
  publishedComponents,
  deferral,
  requestFields: ({ capabilities, session }) => ({
    ...(capabilities.length > 0 && { [AAUTH_CAPABILITIES]: formatTokenList(capabilities) }),
    ...(session !== undefined && { authorization: `AAuth ${session}` }),
  }),
};

import { readRefusal } from "../read-refusal.ts";
import { EVENT } from "./attribute-names.ts";
import { describeToken, text } from "./describe-token.ts";
import { answersOf } from "./dialect-answers.ts";
import { draft11Wait } from "./draft-11-answers.ts";
import { interactionAnswers } from "./interaction-answers.ts";
import { interactionUrl } from "./interactions.ts";
import { isTokenForged, keyAnswer, provingVerifier, tokenOf, unprovenBecause } from "./key-answer.ts";
import { partyName } from "./parties.ts";
import type { Message, MessageAnswers, UserNames, VerifierSide } from "./protocol-run.ts";

/**
 * Answers the five questions. The text is for display and may change at any time.
 *
 * @param nameOf returns display names of users; default: users are shown by `sub`
 */
export function messageAnswers(message: Message, nameOf: UserNames = () => undefined): MessageAnswers {
  if (message.interaction !== undefined) return interactionAnswers(message, message.interaction);
  return {
    signedBy: signedBy(message),
    key: keyAnswer(message),
    onBehalfOf: onBehalfOf(message, nameOf),
    allowedBy: allowedBy(message),
    verdict: verdictOf(message),
  };
}

function signedBy(message: Message): string {
  const { signer, from } = message;
  if (signer === undefined)
    return `No agent: ${partyName(from)} sends the user’s access token, which never reaches an agent.`;
  if (signer.scheme === undefined) return "No agent: the request is not signed.";
  const verifier = provingVerifier(message);
  if (verifier?.agentId !== undefined) {
    const delegate = verifier.agentDelegate === undefined ? "" : `, delegate ${verifier.agentDelegate}`;
    return `${partyName(from)}, proven to be ${verifier.agentId}${delegate}.`;
  }
  if (verifier !== undefined) return answersOf(message).nameless(message);
  const name = signer.scheme === "hwk" ? ", pseudonymous" : "";
  return `${partyName(from)}${name}; ${verifiedAndRefused(message) ?? "not verified by a receiver"}.`;
}

/** Describes a verifier that found the signature valid but refused the message at another check. */
function verifiedAndRefused({ verifiers }: Message): string | undefined {
  for (const { party, checks } of verifiers) {
    const failed = checks.find(({ verdict }) => verdict === "failed");
    const isVerified = checks.some(({ name, verdict }) => name === "signature" && verdict === "passed");
    if (failed !== undefined && isVerified)
      return `signature verified by ${partyName(party)}, message refused at its check “${failed.name}”`;
  }
  return undefined;
}

function onBehalfOf(message: Message, nameOf: UserNames): string {
  const why = unprovenBecause(message);
  if (why !== undefined) return `No person: ${why}.`;
  if (isTokenForged(message)) return "No person: the signature of the token does not verify.";
  return answersOf(message).person(message, nameOf);
}

function allowedBy(message: Message): string {
  if (message.signer === undefined) return "The user’s access token, checked by the backend.";
  const why = unprovenBecause(message);
  if (why !== undefined) return `Nothing: ${why}.`;
  return message.outcome === "refused"
    ? `Nothing. Presented, not accepted: ${presented(message)}`
    : answersOf(message).permission(message);
}

/** Describes a refused message's token, as far as its receiver could rely on it. */
function presented(message: Message): string {
  if (isTokenForged(message)) {
    const issuer = text(tokenOf(message)?.claims?.iss) ?? "an unnamed issuer";
    return `a token that claims to be from ${issuer}; its signature does not verify.`;
  }
  const isFailed = message.verifiers.some(({ checks }) =>
    checks.some(({ name, verdict }) => name === "resource token" && verdict === "failed"),
  );
  if (isFailed) {
    const issuer = text(message.signer?.bodyTokens?.resource_token?.claims?.iss);
    return `a resource token${issuer === undefined ? "" : ` that claims to be from ${issuer}`}.`;
  }
  const shown = answersOf(message).permission(message);
  return shown[0]!.toLowerCase() + shown.slice(1);
}

function verdictOf(message: Message): string {
  const { outcome, status, to, stoppedAt, verifiers } = message;
  if (outcome === "pending") return "No response yet.";
  if (outcome === "failed" && status === undefined) return "No response.";
  const wait = draft11Wait(message);
  if (wait !== undefined) return wait;
  if (isRedirected(message)) return `Redirected with status ${status}. No signature was required.`;
  if (outcome === "accepted") {
    const parties = verifiers
      .filter(({ verdict }) => verdict === "passed")
      .map(({ party }) => partyName(party));
    const passed = parties.length === 0 ? "" : ` All checks passed at ${[...new Set(parties)].join(", ")}.`;
    return `Accepted with status ${status}.${passed}${issued(message)}`;
  }
  const failedIn = ({ checks }: VerifierSide) => checks.find(({ verdict }) => verdict === "failed");
  const decisive = verifiers.find((verifier) => failedIn(verifier) !== undefined);
  const where = partyName(decisive?.party ?? stoppedAt ?? to);
  const word = outcome === "challenged" ? "Challenged" : outcome === "failed" ? "Failed" : "Refused";
  const stated = readRefusal(message.response.headers, message.response.body);
  const code =
    decisive?.errorCode ?? verifiers.findLast(({ errorCode }) => errorCode)?.errorCode ?? stated.field?.code;
  const after = code === undefined ? afterChecks(message) : undefined;
  if (after === "answered") {
    const error = stated.error === undefined ? "" : ` (${stated.error})`;
    return `${where} responded with status ${status}${error} after the checks passed.`;
  }
  const { name, reason } = (decisive && failedIn(decisive)) ?? { name: stated.field?.check };
  const why =
    after === "policy"
      ? ": the signature is valid, but its policy does not allow this caller"
      : name === undefined
        ? ""
        : `: check “${name}” failed${reason === undefined ? "" : `: ${reason}`}`;
  return `${word} by ${where} with status ${status}${why}${code === undefined ? "" : ` (${code})`}.${wanted(message)}`;
}

/**
 * Reason for a refusal after all checks passed: `policy` for a rule of the gateway (403),
 * `answered` for anything else (an unknown route, a limit, a reason of the agent). Undefined if the
 * message was accepted or a check refused it.
 */
export function afterChecks(message: Message): "policy" | "answered" | undefined {
  const { outcome, status, stoppedAt, verifiers, signer } = message;
  const isTurnedDown = outcome === "refused" || (outcome === "failed" && status !== undefined);
  if (!isTurnedDown || signer === undefined || verifiers.length === 0) return undefined;
  if (verifiers.some(({ verdict, errorCode }) => verdict !== "passed" || errorCode !== undefined))
    return undefined;
  return status === 403 && stoppedAt !== undefined ? "policy" : "answered";
}

/** Whether a page that requires no signature redirected the browser. */
export const isRedirected = ({ outcome, status = 0, signer }: Message): boolean =>
  outcome === "accepted" && status >= 300 && signer !== undefined && signer.scheme === undefined;

/** Describes the requirement of a challenge. */
function wanted(message: Message): string {
  const { outcome, verifiers, events } = message;
  if (outcome !== "challenged") return "";
  const page = interactionUrl(message);
  if (page !== undefined) return ` It requires a user interaction at ${page}.`;
  const challenge = verifiers.find((verifier) => verifier.challenge !== undefined)?.challenge;
  const event = events.find(({ name }) => name === EVENT.challengeReceived);
  const level = challenge?.level ?? text(event?.facts.level);
  const token = challenge?.resource_token ?? event?.token;
  if (level === "agent-token" || level === "person-token") {
    return ` It requires ${level === "agent-token" ? "an agent token" : "a person token"}.`;
  }
  if (level === "authorized" || token !== undefined) {
    const server = challenge?.auth_server ?? text(event?.facts.auth_server) ?? text(token?.claims?.aud);
    const scope = text(token?.claims?.scope);
    return ` It requires an auth token${server === undefined ? "" : ` from ${server}`}${scope === undefined ? "" : ` with scope ${scope}`} and returned a resource token.`;
  }
  if (level === "identified") return " It requires an identified caller: a signature with scheme jwks.";
  return level === "pseudonymous" ? " It requires a valid signature." : "";
}

function issued(message: Message): string {
  const { verifiers, events } = message;
  const token = verifiers.find(({ issuedToken }) => issuedToken !== undefined)?.issuedToken;
  const received = token ?? events.find(({ name }) => name === EVENT.tokenReceived)?.token;
  if (received !== undefined) {
    return ` It ${answersOf(message).gave} ${describeToken(received)}`;
  }
  return events.some(({ name }) => name === EVENT.consentRequired)
    ? " It issued no token: the user must consent first."
    : "";
}

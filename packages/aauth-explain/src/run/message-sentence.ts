/**
 * One plain sentence about a message and its answer, for a visitor who does not know the protocol.
 *
 * @module
 */

import { EVENT } from "./attribute-names.ts";
import { text } from "./describe-token.ts";
import { interactionUrl } from "./interactions.ts";
import { afterChecks } from "./message-answers.ts";
import { isSameAgain } from "./message-meaning.ts";
import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";

/**
 * Describes the message as dialogue: the request and the receiver's reply. The text is for display
 * and may change at any time.
 */
export function messageSentence(message: Message): string {
  const { interaction, outcome, signer, from, to } = message;
  if (interaction?.leg === "there")
    return `You are sent to the page of ${partyName(to)} to decide${outcome === "pending" ? ". It is waiting for you" : ""}.`;
  if (interaction !== undefined)
    return outcome === "refused"
      ? "You come back without having consented: the run ends."
      : "You come back, and the run continues.";
  if (signer === undefined)
    return `You ask ${partyName(to)}; from here on, each agent signs with its own key.${outcome === "pending" ? " No answer yet." : ""}`;
  const answer = answerOf(message);
  return `${partyName(from)} ${asks(message)}.${answer === undefined ? " No answer yet." : ` ${partyName(message.stoppedAt ?? to)}: “${answer}”`}`;
}

const TOKEN_REQUESTS: Readonly<Record<string, string>> = {
  auth: "asks for a token bound to its own key",
  exchange: "asks for a token for its own call, on behalf of its caller",
  code: "presents proof of your consent",
  refresh: "asks for a new token",
  "person-token": "asks for proof of the person it acts for",
  "auth-token": "asks for a token for the access that the person allowed",
  poll: "asks again whether there is a decision",
  cancel: "cancels its pending request",
  clarification: "answers a question from the person",
  "updated-request": "replaces its request with another",
  claims: "passes on the required claims about the person",
  interaction: "asks for the person to be sent to a page",
  revocation: "revokes a token",
};

const PRESENTED: Readonly<Record<string, string>> = {
  "auth+jwt": "an auth token",
  "aa-auth+jwt": "an auth token",
  "aa-person+jwt": "a person token",
  "aa-agent+jwt": "its agent token",
};

function asks(message: Message): string {
  const { requestType, purpose, signer, method, to, attempt = 1 } = message;
  const named = TOKEN_REQUESTS[requestType ?? ""];
  if (named !== undefined) return named;
  if (purpose === "token") return `asks ${partyName(to)} for a token`;
  if (signer?.scheme === undefined)
    return `${method === "GET" ? "opens a page of" : "sends a request to"} ${partyName(to)}, without a signature`;
  if (isSameAgain(message)) return `sends ${partyName(to)} the same bytes again, with the same signature`;
  const shown = PRESENTED[signer?.token?.kind ?? ""];
  return `calls ${partyName(to)}${attempt > 1 ? " again" : ""}, signed with its own key${shown === undefined ? "" : ` and with ${shown}`}`;
}

/** Undefined before there is an answer. */
function answerOf(message: Message): string | undefined {
  const { outcome, purpose, requestType, status } = message;
  switch (outcome) {
    case "pending":
      return undefined;
    case "challenged":
      return needs(message);
    case "waiting":
      return requestType === "poll" ? "Not yet." : `Not yet. ${waitsFor(message)}`;
    case "handed-back":
      return "I cannot reach the person. Show them the page yourself.";
    case "refused":
      return `No.${refusalReason(message)}`;
    case "failed":
      return status === undefined ? "…" : `Something went wrong here (status ${status}).`;
    case "accepted":
      if (message.events.some(({ name }) => name === EVENT.consentRequired))
        return "Not yet. The user must agree first.";
      if (requestType === "revocation") return "Recorded, for tokens that you issued.";
      return issues(message)
        ? // A person server asks an access server for a token bound to the agent's key.
          `Here it is. It works only with ${message.from === "person-server" ? "the agent’s" : "your"} key.`
        : purpose === "token" || requestType !== undefined
          ? "Done."
          : served(message);
  }
}

function needs(message: Message): string {
  if (interactionUrl(message) !== undefined) return "No. I need the user to decide on my own page.";
  const level =
    readRequirement(message.response)?.requirement ??
    message.verifiers.find(({ challenge }) => challenge !== undefined)?.challenge?.level ??
    text(message.events.find(({ name }) => name === EVENT.challengeReceived)?.facts.level);
  return `No. I need ${NEEDED[level ?? ""] ?? "further authorization"}.`;
}

const NEEDED: Readonly<Record<string, string>> = {
  pseudonymous: "a valid signature",
  identified: "a signature that shows which agent you are",
  authorized: "an auth token, which works only with your key",
  "agent-token": "an agent token, which shows which agent you are",
  "person-token": "a person token, which shows whom you act for",
  "auth-token": "an auth token, which shows what that person allows",
};

function waitsFor({ response }: Message): string {
  const wanted = readRequirement(response)?.requirement;
  return wanted === "interaction" ? "A person decides first." : "Ask again later.";
}

function issues({ verifiers, events }: Message): boolean {
  return (
    verifiers.some(({ issuedToken }) => issuedToken !== undefined) ||
    events.some(({ name }) => name === EVENT.tokenReceived)
  );
}

function served({ signer, status = 0 }: Message): string {
  if (status >= 300) return "Go to another page first.";
  if (signer?.scheme === undefined) return "Here is the answer. I require no signature here.";
  return signer?.token === undefined
    ? "Yes. Your signature is enough: here is the answer."
    : "Yes. The token is bound to the key that signed: here is the answer.";
}

/** Names the policy or the check that refused the message; empty if neither did. */
function refusalReason(message: Message): string {
  if (afterChecks(message) === "policy") return " Your signature is valid, but my policy does not allow you.";
  const failed = message.verifiers
    .flatMap(({ checks }) => checks)
    .find(({ verdict }) => verdict === "failed");
  if (failed?.name === "replay") return " I have already received this message.";
  return failed === undefined ? "" : ` Your message failed the ${failed.name} check.`;
}

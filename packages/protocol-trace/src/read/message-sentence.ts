/**
 * One plain sentence about a message and its answer, for a visitor who does not know the protocol.
 *
 * @module
 */

import { EVENT } from "../attribute-names.ts";
import { text } from "./describe-token.ts";
import { interactionUrl } from "./interactions.ts";
import { afterChecks } from "./message-answers.ts";
import { isSameAgain } from "./message-meaning.ts";
import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";

/**
 * The message as a line of a play: what is asked, and what the receiver says to it. Text for
 * people: it may change at any time.
 */
export function messageSentence(message: Message): string {
  const { interaction, outcome, signer, from, to } = message;
  if (interaction?.leg === "there")
    return `You are sent to the page of ${partyName(to)} to decide${outcome === "pending" ? ", and it waits for you" : ""}.`;
  if (interaction !== undefined)
    return outcome === "refused"
      ? "You come back without a yes: the run ends."
      : "You come back, and the run continues.";
  if (signer === undefined)
    return `You ask ${partyName(to)}; from here on, each agent signs with its own key.${outcome === "pending" ? " The answer is still to come." : ""}`;
  const answer = answerOf(message);
  return `${partyName(from)} ${asks(message)}.${answer === undefined ? " No answer yet." : ` ${partyName(message.stoppedAt ?? to)}: “${answer}”`}`;
}

const TOKEN_REQUESTS: Readonly<Record<string, string>> = {
  auth: "asks for a token that works with its own key alone",
  exchange: "asks for a token for its own call, on behalf of its caller",
  code: "brings proof of your consent",
  refresh: "asks for a fresh token",
  "person-token": "asks for proof of the person that it acts for",
  "auth-token": "asks for what the person has allowed",
  poll: "asks again whether there is a decision",
  cancel: "no longer waits",
  clarification: "answers a question of the person",
  "updated-request": "asks for something else instead",
  claims: "passes on what has to be known of the person",
  interaction: "asks to bring the person to a page",
  revocation: "takes back a token",
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

/** Undefined while there is none. */
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
      return `No.${whyNot(message)}`;
    case "failed":
      return status === undefined ? "…" : `Something went wrong here (status ${status}).`;
    case "accepted":
      if (message.events.some(({ name }) => name === EVENT.consentRequired))
        return "Not yet. The user must agree first.";
      if (requestType === "revocation") return "Noted. It applies to tokens that you have issued.";
      return issues(message)
        ? // A person server asks an access server for its agent, whose key that is.
          `Here it is. It works with ${message.from === "person-server" ? "the agent’s" : "your"} key alone.`
        : purpose === "token" || requestType !== undefined
          ? "Done."
          : served(message);
  }
}

function needs(message: Message): string {
  if (interactionUrl(message) !== undefined) return "No, and here is what I need: the user, on my own page.";
  const level =
    readRequirement(message.response)?.requirement ??
    message.verifiers.find(({ challenge }) => challenge !== undefined)?.challenge?.level ??
    text(message.events.find(({ name }) => name === EVENT.challengeReceived)?.facts.level);
  return `No, and here is what I need: ${NEEDED[level ?? ""] ?? "more than this"}.`;
}

const NEEDED: Readonly<Record<string, string>> = {
  pseudonymous: "a valid signature",
  identified: "a signature that shows which agent you are",
  authorized: "an auth token, which your key alone can use",
  "agent-token": "an agent token, which shows which agent you are",
  "person-token": "a person token, which shows for whom you act",
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
  if (signer?.scheme === undefined) return "Here is the answer. I ask for no signature here.";
  return signer?.token === undefined
    ? "Yes. Your signature is enough: here is the answer."
    : "Yes. The token is for the key that signed: here is the answer.";
}

/** The policy or the check that refused the message, where one did. */
function whyNot(message: Message): string {
  if (afterChecks(message) === "policy") return " Your signature is good, but my policy does not let you in.";
  const failed = message.verifiers
    .flatMap(({ checks }) => checks)
    .find(({ verdict }) => verdict === "failed");
  if (failed?.name === "replay") return " I have seen this message before.";
  return failed === undefined ? "" : ` Your message fails my check ${failed.name}.`;
}

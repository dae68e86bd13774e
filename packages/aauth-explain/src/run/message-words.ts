/**
 * Words of a message, by what it asks for: its name on an arrow, one plain sentence about it and
 * its answer, and its purpose with the draft's sections. The texts are for display and may change
 * at any time.
 *
 * @module
 */

import { answerMeaning, type Meaning, meaning } from "./answer-meaning.ts";
import { EVENT, type TracedToken } from "./attribute-names.ts";
import { type ByDialect, ofDialect } from "./by-dialect.ts";
import { text } from "./describe-token.ts";
import { interactionUrl } from "./interactions.ts";
import { afterChecks } from "./message-answers.ts";
import { MISSION_REQUESTS, missionAnswer } from "./mission-words.ts";
import { isDraft11Server, partyName } from "./parties.ts";
import type { HttpMessage, Message, ProtocolRun } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";
import { ownMember } from "./trace-span.ts";

export type Explained = readonly [title: string, text: string, ...sections: string[]];

export interface RequestWords {
  /** On an arrow. Default: `token request: <type>` */
  readonly name?: string;
  /** What the sender does, in a sentence. */
  readonly asks: string;
  /** Purpose of a request of draft -11. */
  readonly purpose?: (message: Message) => Explained;
}

/** Kinds of request. The first four are those of February 2026. */
const REQUESTS: Readonly<Record<string, RequestWords>> = {
  auth: { asks: "asks for a token bound to its own key" },
  exchange: { asks: "asks for a token for its own call, on behalf of its caller" },
  code: { asks: "presents proof of your consent" },
  refresh: { asks: "asks for a new token" },
  "person-token": {
    asks: "asks for proof of the person it acts for",
    purpose: (message) => {
      const isChain = upstreamOf(message) !== undefined;
      return [
        "Person token request",
        `${partyName(message.from)} asks ${partyName(message.to)} for a person token for the resource that challenged it (resource). The signature covers the body. The agent token identifies the agent; ${partyName(message.to)} knows the agent’s person or has a person decide first.${isChain ? " The upstream_token is the token of the call that is being served; the new token is for the same person." : ""}`,
        "7.1",
        "11.3.3.1",
        ...(isChain ? ["10.1", "9.4.5"] : []),
      ];
    },
  },
  "auth-token": {
    asks: "asks for a token for the access that the person allowed",
    purpose: (message) => (isOfServer(message) ? federation(message) : authTokenRequest(message)),
  },
  poll: {
    name: "poll for the answer",
    asks: "asks again whether there is a decision",
    purpose: (message) => [
      "Poll of a pending request",
      `The answer was deferred. ${partyName(message.from)} polls its Location with a signed GET without a body, no earlier than Retry-After. Only the party that sent the request may poll: for any other the address does not exist.`,
      "11.8",
      "13.2",
    ],
  },
  cancel: {
    name: "cancel the request",
    asks: "cancels its pending request",
    purpose: (message) => [
      "Cancellation of a pending request",
      `${partyName(message.from)} cancels the pending request with a signed DELETE at its Location.`,
      "7.5",
      "11.8",
    ],
  },
  clarification: {
    name: "answer to a question",
    asks: "answers a question from the person",
    purpose: (message) => [
      "Answer to a clarification",
      `The person asked a question on the page. ${partyName(message.from)} answers at the Location of the request; the page shows the answer as the agent’s words.`,
      "7.5",
    ],
  },
  "updated-request": {
    name: "updated request",
    asks: "replaces its request with another",
    purpose: (message) => [
      "Updated request after a clarification",
      `${partyName(message.from)} replaces its request with a resource token for other access. Resource, person and agent stay the same.`,
      "7.5",
      "6.7.2",
    ],
  },
  claims: {
    name: "claims of the person",
    asks: "passes on the required claims about the person",
    purpose: (message) => [
      "Claims for the access server",
      `${partyName(message.from)} sends the claims about the person that ${partyName(message.to)} requires for its decision. They never include sub.`,
      "9.2",
    ],
  },
  interaction: {
    name: "relayed interaction",
    asks: "asks for the person to be sent to a page",
    purpose: (message) => [
      "Relayed interaction",
      `A resource requires the person to visit its page. ${partyName(message.from)} asks ${partyName(message.to)}, which can reach the person, to send them there.`,
      "7.6",
    ],
  },
  revocation: {
    name: "revocation of a token",
    asks: "revokes a token",
    purpose: (message) => [
      "Revocation of a token",
      `${partyName(message.from)} revokes a token, identified by jti. ${partyName(message.to)} records the revocation under ${partyName(message.from)}’s identifier, so that it affects only tokens of that issuer, revokes the tokens derived from it, and then answers.`,
      "11.12",
      "11.12.1",
    ],
  },
  ...MISSION_REQUESTS,
};

interface Asked extends Pick<Message, "method" | "url" | "purpose"> {
  readonly request: HttpMessage;
  readonly requestType: string | undefined;
}

/**
 * Names the request of a signed message, short enough for an arrow. Every A2A call is a POST to the
 * same path, so its name is the JSON-RPC method.
 */
export function whatIsAsked({ method, url, purpose, request, requestType }: Asked): string {
  const named = ownMember(REQUESTS, requestType)?.name;
  if (named !== undefined) return named;
  if (purpose === "token") return `token request${requestType === undefined ? "" : `: ${requestType}`}`;
  // The URL parser percent-encodes the ellipsis of a truncated value.
  const path = (URL.parse(url)?.pathname ?? url).replaceAll("%E2%80%A6", "…");
  const called = rpcMethod(request.body);
  if (called === undefined) return `${method} ${path}`.trim();
  return path === "/" || path === "" ? called : `${called} to ${path}`;
}

/**
 * `message/send`, `SendMessage`, … A truncated body is not valid JSON, so only the part before its
 * parameters is read.
 */
function rpcMethod(body: string | undefined): string | undefined {
  const [head = ""] = body?.split('"params"', 1) ?? [];
  if (!/^\s*\{[^{[]*"jsonrpc"/.test(head)) return undefined;
  return /"method"\s*:\s*"([A-Za-z/]{1,40})"/.exec(head)?.[1];
}

/**
 * Describes the message as dialogue: the request and the receiver's reply.
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

const PRESENTED: Readonly<Record<string, string>> = {
  "auth+jwt": "an auth token",
  "aa-auth+jwt": "an auth token",
  "aa-person+jwt": "a person token",
  "aa-agent+jwt": "its agent token",
};

function asks(message: Message): string {
  const { requestType, purpose, signer, method, to, attempt = 1 } = message;
  const named = ownMember(REQUESTS, requestType)?.asks;
  if (named !== undefined) return named;
  if (purpose === "token") return `asks ${partyName(to)} for a token`;
  if (signer?.scheme === undefined)
    return `${method === "GET" ? "opens a page of" : "sends a request to"} ${partyName(to)}, without a signature`;
  if (isSameAgain(message)) return `sends ${partyName(to)} the same bytes again, with the same signature`;
  const shown = ownMember(PRESENTED, signer?.token?.kind);
  return `calls ${partyName(to)}${attempt > 1 ? " again" : ""}, signed with its own key${shown === undefined ? "" : ` and with ${shown}`}`;
}

/** Undefined before there is an answer. */
function answerOf(message: Message): string | undefined {
  const { outcome, purpose, requestType, status } = message;
  const aboutMission = missionAnswer(message);
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
      if (aboutMission !== undefined) return aboutMission;
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
  return `No. I need ${ownMember(NEEDED, level) ?? "further authorization"}.`;
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

/** Explanation of a draft -11 message for readers who know the draft but not this project. */
export interface MessageMeaning {
  /** Name of the message in the draft's terms. */
  readonly title: string;
  /** Its purpose, and what its receiver checks. */
  readonly request: Meaning;
  /** Meaning of the answer. Undefined before there is one. */
  readonly answer: Meaning | undefined;
}

type Run = Pick<ProtocolRun, "messages">;

const EXPLANATIONS: ByDialect<((message: Message, run: Run) => Explained) | undefined> = {
  "february-2026": undefined,
  "draft-11": requestMeaning,
};

/**
 * Explains a message; undefined for another profile's. States what the draft requires; the verdicts
 * show whether the parties complied.
 *
 * @param run the message's run
 */
export function messageMeaning(message: Message, run: Run): MessageMeaning | undefined {
  // A user's message has no profile, so the run's profile applies.
  const ofProfile = message.signer === undefined ? run.messages : [message];
  const [explain] = ofProfile.flatMap(({ signer }) => ofDialect(EXPLANATIONS, signer?.profile) ?? []);
  if (explain === undefined) return undefined;
  const [title, text, ...sections] = explain(message, run);
  return { title, request: meaning(text, ...sections), answer: answerMeaning(message) };
}

function requestMeaning(message: Message, run: Run): Explained {
  if (message.interaction !== undefined) return pageVisit(message);
  if (message.signer === undefined) return userRequest(message);
  const asked = ownMember(REQUESTS, message.requestType)?.purpose;
  if (asked !== undefined) return asked(message);
  return message.purpose === "token" ? otherTokenRequest(message) : resourceCall(message, run);
}

function userRequest({ from, to }: Message): Explained {
  return [
    "A user’s request to an application",
    `${partyName(from)} asks ${partyName(to)} to start the run. AAuth does not define this message: the user is signed in at the application, here by OpenID Connect. The protocol begins with the agent (section 4.3), which acts for this user, its person, from here on.`,
    "4.3",
  ];
}

function pageVisit({ to }: Message): Explained {
  const isServer = isDraft11Server(to);
  return [
    "Interaction of the person",
    isServer
      ? `The answer named a page and a code. The agent sends the person’s browser to ${partyName(to)} with both. There the person signs in, sees the agent’s statements apart from the resource’s, and decides. The code is valid once and authorizes nothing.`
      : `The answer named a page and a code of ${partyName(to)}, which waits for the person itself. Its page redirects the browser to the page that ${partyName(to)} was given. The code is valid once and authorizes nothing.`,
    ...(isServer ? ["7.3", "7.4"] : ["10.1.2", "7.3"]),
    "11.6.3",
    "13.13",
  ];
}

const CHAIN =
  " The caller is serving a request and makes this call for the same person: it is a resource, an agent and its own agent provider.";

/** Whether the sender was itself called and acts for the person of that call. */
function isChained({ from }: Message, { messages }: Run): boolean {
  return messages.some(
    ({ to, signer, purpose }) => to === from && signer !== undefined && purpose === "resource",
  );
}

function resourceCall(message: Message, run: Run): Explained {
  const [from, to] = [partyName(message.from), partyName(message.to)];
  const isChain = isChained(message, run);
  const chain = isChain ? ["10.1"] : [];
  switch (message.signer?.token?.kind) {
    case "aa-person+jwt":
      return [
        "Call with a person token",
        `${from} ${repeats(message)} the person token, which its person server issued for one resource. The token identifies the person by a sub that only that resource knows, and names no agent. ${to} checks that it is the audience, that it trusts the person server, and that the signing key is the one in cnf.`,
        "7.1.2",
        "7.1.4",
        ...chain,
      ];
    case "aa-auth+jwt":
      return [
        "Call with an auth token",
        `${from} ${repeats(message)} the auth token, which states the scope that the person granted at one resource. ${to} checks issuer, audience and scope, and that the signing key is the one in cnf. A stolen token is useless without this key.`,
        "9.4.1",
        "9.4.3",
        ...chain,
      ];
    default:
      return [
        "Call with an agent token",
        `${from} calls ${to} with its agent token in Signature-Key. The token identifies the agent and binds it to the signing key; it names no person. ${to} takes the key from cnf and verifies the token with the keys that the agent provider publishes.${isChain ? CHAIN : ""}`,
        "5.3",
        "11.3.2",
        "11.3.4",
        ...chain,
      ];
  }
}

/** Whether a message is an identical repetition, which only an attack sends. */
export const isSameAgain = ({ isTampered, attempt = 1, retryReason }: Message): boolean =>
  isTampered === true && attempt > 1 && retryReason === undefined;

function repeats(message: Message): string {
  if (isSameAgain(message)) return "sends the same bytes again, with the same signature and";
  return message.retryReason === undefined
    ? "sends its request with"
    : "sends the same request again, now with";
}

const upstreamOf = ({ signer }: Message): TracedToken | undefined => signer?.bodyTokens?.upstream_token;

const isOfServer = ({ signer }: Message) => signer?.scheme === "jwks_uri";

function authTokenRequest(message: Message): Explained {
  const { from, to, signer } = message;
  const isChain = upstreamOf(message) !== undefined;
  const audience = String(signer?.bodyTokens?.resource_token?.claims?.aud ?? "");
  const own = signer?.bodyTokens?.presented_token?.claims;
  const isFederated = audience !== "" && audience !== String(own?.ps ?? own?.iss ?? "");
  return [
    "Auth token request",
    `${partyName(from)} sends ${partyName(to)} the resource token of the challenge and the token that it presented to the resource. ${partyName(to)} checks that both belong together and to the key of this signature (agent_jkt), and that the person granted the scope.${isFederated ? ` The resource token is for ${audience}: ${partyName(to)} asks there in a separate request.` : ""}${isChain ? " The upstream_token shows which call this request serves." : ""}`,
    "7.2",
    "6.7.2",
    ...(isFederated ? ["9.1"] : []),
    ...(isChain ? ["10.1", "9.4.5"] : []),
  ];
}

function federation(message: Message): Explained {
  const { from, to } = message;
  const isChain = upstreamOf(message) !== undefined;
  return [
    "Auth token request to the access server",
    `${partyName(from)} asks ${partyName(to)}, which decides for the resource. It signs in its own name (scheme jwks_uri) with a key that it publishes, and passes on the resource token, the agent token and the token that the agent presented${isChain ? ", and the upstream token" : ""}. ${partyName(to)} checks that ps of the resource token is the server that signs, and that agent_jkt is the key in the agent token.`,
    "9.1",
    "11.3.2",
    "6.7.2",
    ...(isChain ? ["9.4.5"] : []),
  ];
}

function otherTokenRequest({ from, to }: Message): Explained {
  return [
    "Request to a token endpoint",
    `${partyName(from)} sends ${partyName(to)} a signed request whose body has no known form.`,
    "11.9.3",
  ];
}

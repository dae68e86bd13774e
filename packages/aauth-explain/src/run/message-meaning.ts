/**
 * Explains the purpose of each message of a draft -11 run, with the draft's sections.
 *
 * @module
 */

import { answerMeaning, type Meaning, meaning } from "./answer-meaning.ts";
import type { TracedToken } from "./attribute-names.ts";
import { type ByDialect, ofDialect } from "./by-dialect.ts";
import { isDraft11Server, partyName } from "./parties.ts";
import type { Message, ProtocolRun } from "./protocol-run.ts";

/** Explanation of a draft -11 message for readers who know the draft but not this project. */
export interface MessageMeaning {
  /** Name of the message in the draft's terms. */
  readonly title: string;
  /** Its purpose, and what its receiver checks. */
  readonly request: Meaning;
  /** Meaning of the answer. Undefined before there is one. */
  readonly answer: Meaning | undefined;
}

type Explained = readonly [title: string, text: string, ...sections: string[]];
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
  const asked = message.requestType === undefined ? undefined : REQUESTS[message.requestType];
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

const REQUESTS: Readonly<Record<string, (message: Message) => Explained>> = {
  "person-token": (message) => {
    const isChain = upstreamOf(message) !== undefined;
    return [
      "Person token request",
      `${partyName(message.from)} asks ${partyName(message.to)} for a person token for the resource that challenged it (resource). The signature covers the body. The agent token identifies the agent; ${partyName(message.to)} knows the agent’s person or has a person decide first.${isChain ? " The upstream_token is the token of the call that is being served; the new token is for the same person." : ""}`,
      "7.1",
      "11.3.3.1",
      ...(isChain ? ["10.1", "9.4.5"] : []),
    ];
  },
  "auth-token": (message) => (isOfServer(message) ? federation(message) : authTokenRequest(message)),
  poll: (message) => [
    "Poll of a pending request",
    `The answer was deferred. ${partyName(message.from)} polls its Location with a signed GET without a body, no earlier than Retry-After. Only the party that sent the request may poll: for any other the address does not exist.`,
    "11.8",
    "13.2",
  ],
  cancel: (message) => [
    "Cancellation of a pending request",
    `${partyName(message.from)} cancels the pending request with a signed DELETE at its Location.`,
    "7.5",
    "11.8",
  ],
  clarification: (message) => [
    "Answer to a clarification",
    `The person asked a question on the page. ${partyName(message.from)} answers at the Location of the request; the page shows the answer as the agent’s words.`,
    "7.5",
  ],
  "updated-request": (message) => [
    "Updated request after a clarification",
    `${partyName(message.from)} replaces its request with a resource token for other access. Resource, person and agent stay the same.`,
    "7.5",
    "6.7.2",
  ],
  claims: (message) => [
    "Claims for the access server",
    `${partyName(message.from)} sends the claims about the person that ${partyName(message.to)} requires for its decision. They never include sub.`,
    "9.2",
  ],
  interaction: (message) => [
    "Relayed interaction",
    `A resource requires the person to visit its page. ${partyName(message.from)} asks ${partyName(message.to)}, which can reach the person, to send them there.`,
    "7.6",
  ],
  revocation: (message) => [
    "Revocation of a token",
    `${partyName(message.from)} revokes a token, identified by jti. ${partyName(message.to)} records the revocation under ${partyName(message.from)}’s identifier, so that it affects only tokens of that issuer, revokes the tokens derived from it, and then answers.`,
    "11.12",
    "11.12.1",
  ],
};

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

function federation({ from, to, signer }: Message): Explained {
  const isChain = signer?.bodyTokens?.upstream_token !== undefined;
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

/**
 * Explains the purpose of each message of a draft -11 run, with the draft's sections.
 *
 * @module
 */

import type { TracedToken } from "../attribute-names.ts";
import { type ByDialect, ofDialect } from "../by-dialect.ts";
import { answerMeaning, type Meaning, meaning } from "./answer-meaning.ts";
import { isDraft11Server, partyName } from "./parties.ts";
import type { Message, ProtocolRun } from "./protocol-run.ts";

/** Explanation of a draft -11 message for readers who know the draft but not this project. */
export interface MessageMeaning {
  /** What the message is, in the draft's terms. */
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
    `${partyName(from)} asks ${partyName(to)} to start the run. AAuth does not define this message: the user is signed in at the application, here by OpenID Connect. The protocol begins with the agent (section 4.3), which from here on acts for this user as its person.`,
    "4.3",
  ];
}

function pageVisit({ to }: Message): Explained {
  const isServer = isDraft11Server(to);
  return [
    "Interaction of the person",
    isServer
      ? `The answer named a page and a code. The agent sends the person’s browser to ${partyName(to)} with both. There the person is authenticated, sees what the agent asserts apart from what the resource asserts, and decides. The code is good once and authorizes nothing.`
      : `The answer named a page of ${partyName(to)} and a code of its own, since it waits for the person itself. The page sends the browser on to the page that ${partyName(to)} waits for. The code is good once and authorizes nothing.`,
    ...(isServer ? ["7.3", "7.4"] : ["10.1.2", "7.3"]),
    ...["11.6.3", "13.13"],
  ];
}

const CHAIN =
  " The caller serves a request itself and calls on for its person: it is an agent, and its own agent provider.";

/** Whether the sender is itself called, and acts for the person of that call. */
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
        `${from} ${repeats(message)} the person token, which its person server issued for one resource. The token names the person by a name that only that resource knows, and names no agent. ${to} checks that it is the audience, that it trusts the person server, and that the key of the signature is that in cnf.`,
        ...["7.1.2", "7.1.4", ...chain],
      ];
    case "aa-auth+jwt":
      return [
        "Call with an auth token",
        `${from} ${repeats(message)} the auth token: what the person has granted at one resource, with its scope. ${to} checks issuer, audience and scope, and that the key of the signature is that in cnf. A stolen token is no use without this key.`,
        ...["9.4.1", "9.4.3", ...chain],
      ];
    default:
      return [
        "Call with an agent token",
        `${from} calls ${to} with its agent token in Signature-Key. The token says which agent calls and binds it to the key of the signature; it names no person. ${to} takes the key from cnf and checks the token by the keys that the agent provider publishes.${isChain ? CHAIN : ""}`,
        ...["5.3", "11.3.2", "11.3.4", ...chain],
      ];
  }
}

/** Whether a message is an identical repetition, which only an attack explains. */
export const isSameAgain = ({ isTampered, attempt = 1, retryReason }: Message): boolean =>
  isTampered === true && attempt > 1 && retryReason === undefined;

function repeats(message: Message): string {
  if (isSameAgain(message)) return "sends the same bytes again, under the same signature, with";
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
      `${partyName(message.from)} asks ${partyName(message.to)} for a person token for the resource that challenged it (resource). The signature covers the body. The agent token says who asks; ${partyName(message.to)} knows the agent’s person, or lets a person decide first.${isChain ? " The upstream_token is the token of the call that is being served: the person is that of the upstream token." : ""}`,
      ...["7.1", "11.3.3.1", ...(isChain ? ["10.1", "9.4.5"] : [])],
    ];
  },
  "auth-token": (message) => (isOfServer(message) ? federation(message) : authTokenRequest(message)),
  poll: (message) => [
    "Poll of a pending request",
    `The answer was to come later. ${partyName(message.from)} looks at its Location with a signed GET, without a body, not before Retry-After. Only the party that sent the request may: for any other the address does not exist.`,
    ...["11.8", "13.2"],
  ],
  cancel: (message) => [
    "Cancellation of a pending request",
    `${partyName(message.from)} no longer waits and deletes the pending request at its Location.`,
    ...["7.5", "11.8"],
  ],
  clarification: (message) => [
    "Answer to a clarification",
    `The person asked something on the page. ${partyName(message.from)} answers at the Location of the request; the person reads it as the agent’s words.`,
    "7.5",
  ],
  "updated-request": (message) => [
    "Updated request after a clarification",
    `${partyName(message.from)} replaces its request, with a resource token that asks for something else. Resource, person and agent stay the same.`,
    ...["7.5", "6.7.2"],
  ],
  claims: (message) => [
    "Claims for the access server",
    `${partyName(message.from)} sends the claims of the person that ${partyName(message.to)} requires for its decision. sub is never among them.`,
    "9.2",
  ],
  interaction: (message) => [
    "Relayed interaction",
    `A resource wants the person at a page of its own. ${partyName(message.from)} asks ${partyName(message.to)}, which knows how to reach the person, to bring them there.`,
    "7.6",
  ],
  revocation: (message) => [
    "Revocation of a token",
    `${partyName(message.from)} takes back a token, named by jti. ${partyName(message.to)} records it under the name of ${partyName(message.from)}, whose own tokens alone it reaches, takes back what followed from the token, and then answers.`,
    ...["11.12", "11.12.1"],
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
    `${partyName(from)} brings ${partyName(to)} the resource token of the challenge and the token that it had presented there. ${partyName(to)} checks that both belong together and to the key of this signature (agent_jkt), and that person and scope are what was granted.${isFederated ? ` The resource token is for ${audience}: ${partyName(to)} asks there, in a message of its own.` : ""}${isChain ? " The upstream_token shows for whose call this is needed." : ""}`,
    ...["7.2", "6.7.2", ...(isFederated ? ["9.1"] : []), ...(isChain ? ["10.1", "9.4.5"] : [])],
  ];
}

function federation({ from, to, signer }: Message): Explained {
  const isChain = signer?.bodyTokens?.upstream_token !== undefined;
  return [
    "Auth token request to the access server",
    `${partyName(from)} asks ${partyName(to)}, which decides for the resource, in its own name: scheme jwks_uri, with the key that it publishes. It passes on the resource token, the agent token and the token that the agent presented${isChain ? ", and the upstream token" : ""}. ${partyName(to)} checks that ps of the resource token is the server that signs, and that agent_jkt is the key in the agent token.`,
    ...["9.1", "11.3.2", "6.7.2", ...(isChain ? ["9.4.5"] : [])],
  ];
}

function otherTokenRequest({ from, to }: Message): Explained {
  return [
    "Request to a token endpoint",
    `${partyName(from)} sends ${partyName(to)} a signed request whose body says nothing that is known here.`,
    "11.9.3",
  ];
}

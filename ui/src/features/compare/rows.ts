import type { Message, ProtocolRun } from "protocol-trace/read";

/** What a message is for. The same name in both profiles stands for the same purpose. */
type Purpose =
  | "start"
  | "call"
  | "ask"
  | "page"
  | "collect"
  | "call-for-person"
  | "authorize"
  | "access-server"
  | "authorized-call";

/** Messages of both runs that are for the same thing. */
export interface ComparedRow {
  readonly id: string;
  readonly title: string;
  /** What draft -11 changes, and why. */
  readonly changed: string;
  /** Empty where the profile has no such message. */
  readonly february: readonly Message[];
  readonly draft11: readonly Message[];
}

interface Comparison {
  readonly hop: 1 | 2;
  readonly purpose: Purpose;
  readonly title: string;
  readonly changed: string;
}

const COMPARISONS: readonly Comparison[] = [
  {
    hop: 1,
    purpose: "start",
    title: "The user starts the run",
    changed: "Nothing changes: both versions begin behind the application, with its first call as an agent.",
  },
  {
    hop: 1,
    purpose: "call",
    title: "The first signed call, and the challenge",
    changed:
      "The agent token in Signature-Key replaces a published name and key (scheme jwks), so that one provider can vouch for many agents; and the resource asks for the person first, because a resource token has to name one (sections 5.3 and 6.4).",
  },
  {
    hop: 1,
    purpose: "ask",
    title: "The request that the user has to decide on",
    changed:
      "The agent asks the person’s own server instead of the resource’s, and what takes a person’s time is a 202 with an address to poll instead of a request token, so that any request may wait in the same way (sections 7.1 and 11.8).",
  },
  {
    hop: 1,
    purpose: "page",
    title: "The user decides",
    changed:
      "A one-time code leads the browser to the page, and no authorization code comes back through the browser, so that nothing that it carries authorizes anything (sections 7.3 and 11.6.3).",
  },
  {
    hop: 1,
    purpose: "collect",
    title: "The agent collects what came of it",
    changed:
      "A signed poll takes the place of the code’s redemption, so that an agent needs no address for a browser to return to; what it gets is a person token, and no authorization yet (sections 7.1.2 and 11.8).",
  },
  {
    hop: 1,
    purpose: "call-for-person",
    title: "The call that says for whom",
    changed:
      "This is new: only a caller that shows a person gets a resource token, which is bound to that person, that token and that key (sections 6.5 and 6.7).",
  },
  {
    hop: 1,
    purpose: "authorize",
    title: "The auth token request",
    changed:
      "This is a message of its own now: the person server sees the resource’s own demand beside the token that was presented, before it grants a scope (section 7.2).",
  },
  {
    hop: 1,
    purpose: "access-server",
    title: "The person server asks the access server",
    changed:
      "This is new, and federated mode alone has it: the resource’s side decides at its own server, so that person and resource need no server in common (section 9.1).",
  },
  {
    hop: 1,
    purpose: "authorized-call",
    title: "The call that is served",
    changed:
      "Both tokens are bound to the key that signs; that of draft -11 names the person by a name that only this resource knows, and no agent, so that resources cannot compare their callers (sections 9.4.1 and 14.1).",
  },
  {
    hop: 2,
    purpose: "call",
    title: "The second hop: the first signed call",
    changed:
      "The agent that calls on is its own agent provider, with an agent token of its own in the place of its published name (section 10.1).",
  },
  {
    hop: 2,
    purpose: "ask",
    title: "A person token for the second hop",
    changed:
      "This is new: the token of the call that is being served proves for whom the agent calls on, and the person server answers with that person’s name at the next resource (sections 10.1 and 9.4.5).",
  },
  {
    hop: 2,
    purpose: "page",
    title: "The user decides about the second hop",
    changed: "A 202 of the agent’s own takes the person’s page back to the first caller (section 10.1.2).",
  },
  {
    hop: 2,
    purpose: "collect",
    title: "What came of it at the second hop",
    changed: "It is polled, as at the first hop (section 11.8).",
  },
  {
    hop: 2,
    purpose: "call-for-person",
    title: "The second hop: the call that says for whom",
    changed: "As at the first hop, the resource token follows from the person (section 6.5).",
  },
  {
    hop: 2,
    purpose: "authorize",
    title: "From the caller’s token to one for the next hop",
    changed:
      "A token exchange that is signed with the caller’s token becomes an ordinary request with that token as upstream_token; the new token has no act, so that a resource does not learn the chain (section 10.1).",
  },
  {
    hop: 2,
    purpose: "access-server",
    title: "The second hop: the person server asks the access server",
    changed:
      "The upstream token is passed on, so that the access server can check the chain, too (section 9.4.5).",
  },
  {
    hop: 2,
    purpose: "authorized-call",
    title: "The second hop: the call that is served",
    changed: "As at the first hop: bound to the key, for a person of this resource alone (section 9.4.3).",
  },
];

/**
 * Both runs, message by message, in the order of the protocol. Rows that neither run has are left
 * out.
 */
export function compareRuns(february: ProtocolRun, draft11: ProtocolRun): ComparedRow[] {
  const [left, right] = [byPurpose(february), byPurpose(draft11)];
  return COMPARISONS.map(({ hop, purpose, title, changed }) => {
    const id = `${hop}-${purpose}`;
    return { id, title, changed, february: left.get(id) ?? [], draft11: right.get(id) ?? [] };
  }).filter((row) => row.february.length + row.draft11.length > 0);
}

function byPurpose({ messages }: ProtocolRun): Map<string, Message[]> {
  const second = messages.find(({ from, signer }) => from === CALLED_FIRST && signer !== undefined);
  const hopOf = ({ number }: Message) => (second !== undefined && number >= second.number ? 2 : 1);
  return Map.groupBy(messages, (message) => `${hopOf(message)}-${purposeOf(message)}`);
}

/** Its own calls are the second hop. */
const CALLED_FIRST = "supply-chain-agent";

function purposeOf({ interaction, signer, from, purpose, requestType }: Message): Purpose {
  if (interaction !== undefined) return "page";
  if (signer === undefined) return "start";
  if (from === "person-server") return "access-server";
  if (requestType === "poll" || requestType === "code") return "collect";
  if (requestType === "person-token" || requestType === "auth") return "ask";
  // The user has asked the agent before deciding.
  if (requestType === "clarification") return "page";
  if (purpose === "token") return "authorize";
  const kind = signer.token?.kind;
  if (kind === "aa-person+jwt") return "call-for-person";
  return kind === "aa-auth+jwt" || kind === "auth+jwt" ? "authorized-call" : "call";
}

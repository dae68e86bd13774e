import type { Message, ProtocolRun } from "aauth-explain/run";

/** Purpose of a message. A name means the same purpose in both profiles. */
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

/** Messages of both runs with the same purpose. */
export interface ComparedRow {
  readonly id: string;
  readonly title: string;
  /** Change in draft -11, with the reason. */
  readonly changed: string;
  /** Empty if the profile has no such message. */
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
    changed: "No change: in both versions the protocol begins with the application’s first call as an agent.",
  },
  {
    hop: 1,
    purpose: "call",
    title: "The first signed call, and the challenge",
    changed:
      "The agent token in Signature-Key replaces a published name and key (scheme jwks), so that one provider can vouch for many agents. The resource asks for the person first, because a resource token must name one (sections 5.3 and 6.4).",
  },
  {
    hop: 1,
    purpose: "ask",
    title: "The request for a decision, where one is needed",
    changed:
      "The agent asks the person’s own server instead of the resource’s. While the person decides, the answer is a 202 with a URL to poll instead of a request token, so that any request can wait in the same way (sections 7.1 and 11.8).",
  },
  {
    hop: 1,
    purpose: "page",
    title: "The user decides",
    changed:
      "A one-time code takes the browser to the page, and no authorization code returns through the browser, so nothing that the browser carries authorizes anything (sections 7.3 and 11.6.3).",
  },
  {
    hop: 1,
    purpose: "collect",
    title: "The agent collects the outcome",
    changed:
      "A signed poll replaces the redemption of the code, so an agent needs no callback URL. It receives a person token, which is not an authorization yet (sections 7.1.2 and 11.8).",
  },
  {
    hop: 1,
    purpose: "call-for-person",
    title: "The call that names the person",
    changed:
      "New: only a caller that presents a person token receives a resource token, which is bound to that person, token and key (sections 6.5 and 6.7).",
  },
  {
    hop: 1,
    purpose: "authorize",
    title: "The auth token request",
    changed:
      "Now a separate message: the person server sees the resource’s own requirement together with the presented token before it grants a scope (section 7.2).",
  },
  {
    hop: 1,
    purpose: "access-server",
    title: "The person server asks the access server",
    changed:
      "New, and only in federated mode: the resource’s side decides at its own server, so person and resource need no common server (section 9.1).",
  },
  {
    hop: 1,
    purpose: "authorized-call",
    title: "The authorized call",
    changed:
      "Both tokens are bound to the signing key. Draft -11’s token identifies the person by a name that only this resource knows, and names no agent, so resources cannot correlate their callers (sections 9.4.1 and 14.1).",
  },
  {
    hop: 2,
    purpose: "call",
    title: "The second hop: the first signed call",
    changed:
      "The calling agent is its own agent provider, with its own agent token instead of a published name (section 10.1).",
  },
  {
    hop: 2,
    purpose: "ask",
    title: "A person token for the second hop",
    changed:
      "New: the token of the incoming call proves whom the agent acts for, and the person server responds with that person’s name at the next resource (sections 10.1 and 9.4.5).",
  },
  {
    hop: 2,
    purpose: "page",
    title: "The user decides about the second hop",
    changed: "The agent relays the person’s page to the first caller in its own 202 (section 10.1.2).",
  },
  {
    hop: 2,
    purpose: "collect",
    title: "The outcome at the second hop",
    changed: "Polled, as at the first hop (section 11.8).",
  },
  {
    hop: 2,
    purpose: "call-for-person",
    title: "The second hop: the call that names the person",
    changed: "As at the first hop, the resource token requires a person token (section 6.5).",
  },
  {
    hop: 2,
    purpose: "authorize",
    title: "From the caller’s token to the next hop’s",
    changed:
      "A token exchange signed with the caller’s token becomes an ordinary request with that token as upstream_token. The new token has no act claim, so a resource does not learn the chain (section 10.1).",
  },
  {
    hop: 2,
    purpose: "access-server",
    title: "The second hop: the person server asks the access server",
    changed:
      "The upstream token is forwarded, so that the access server can check the chain, too (section 9.4.5).",
  },
  {
    hop: 2,
    purpose: "authorized-call",
    title: "The second hop: the authorized call",
    changed:
      "As at the first hop: bound to the key, with a name of the person that only this resource knows (section 9.4.3).",
  },
];

/**
 * Both runs, message by message, in the order of the protocol. Rows that neither run has are
 * omitted.
 */
export function compareRuns(february: ProtocolRun, draft11: ProtocolRun): ComparedRow[] {
  const [left, right] = [byPurpose(february), byPurpose(draft11)];
  return COMPARISONS.map(({ hop, purpose, title, changed }) => {
    const id = `${hop}-${purpose}`;
    return { id, title, changed, february: left.get(id) ?? [], draft11: right.get(id) ?? [] };
  }).filter((row) => row.february.length + row.draft11.length > 0);
}

/**
 * The rows without a second hop that the user's run does not have: it is another task, and no
 * difference of the versions.
 */
export function sameTask(rows: readonly ComparedRow[], own: "february" | "draft11"): ComparedRow[] {
  const isSecond = ({ id }: ComparedRow) => id.startsWith("2-");
  const hasSecond = rows.some((row) => isSecond(row) && row[own].length > 0);
  return rows.filter((row) => hasSecond || !isSecond(row));
}

function byPurpose({ messages }: ProtocolRun): Map<string, Message[]> {
  const second = messages.find(({ from, signer }) => from === CALLED_FIRST && signer !== undefined);
  const hopOf = ({ number }: Message) => (second !== undefined && number >= second.number ? 2 : 1);
  return Map.groupBy(messages, (message) => `${hopOf(message)}-${purposeOf(message)}`);
}

/** Agent whose own calls are the second hop. */
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

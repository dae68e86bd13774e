import type { TracedToken } from "./attribute-names.ts";
import { type ByDialect, ofDialect } from "./by-dialect.ts";
import { describeToken, text } from "./describe-token.ts";
import { draft11Permission, draft11Person } from "./draft-11-answers.ts";
import { tokenOf, verifierOf } from "./key-answer.ts";
import { partyName } from "./parties.ts";
import type { Message, UserNames } from "./protocol-run.ts";

/** Answers about a message that differ by dialect. */
interface DialectAnswers {
  /** Describes a signer whose identifier the receiver does not know. */
  nameless(message: Message): string;
  /** The person that the message is for. */
  person(message: Message, nameOf: UserNames): string;
  /** The token or signature that allows the message. */
  permission(message: Message): string;
  /** The verb for a response with a token. */
  readonly gave: string;
  /** Reason why a key other than the token's signed the message, if that is expected. */
  otherKey(message: Message, token: TracedToken): string | undefined;
}

const ANSWERS: ByDialect<DialectAnswers> = {
  "february-2026": {
    nameless: ({ from }) => `${partyName(from)}, pseudonymous: the receiver knows only its key.`,
    person: februaryPerson,
    permission: februaryPermission,
    gave: "issued",
    otherKey: ({ requestType }) =>
      requestType === "exchange"
        ? "This is expected in a token exchange: the token belongs to the caller and is presented by its audience."
        : undefined,
  },
  "draft-11": {
    // Person and auth tokens name no agent.
    nameless: ({ from, to }) =>
      `${partyName(from)}. ${partyName(to)} knows only its key and its person: the token names no agent (section 6.1).`,
    person: draft11Person,
    permission: draft11Permission,
    gave: "answered with",
    otherKey: ({ signer }, token) =>
      signer?.token?.id === token.id
        ? undefined
        : "This is expected: the message concerns a token of another party.",
  },
};

export const answersOf = ({ signer }: Pick<Message, "signer">): DialectAnswers =>
  ofDialect(ANSWERS, signer?.profile);

/** Explains a message that was signed with a key other than its token's. */
export function otherKeyInWords(message: Message, token: TracedToken): string {
  const refused = message.outcome === "refused" ? "Only the holder of the bound key can use the token." : "";
  return answersOf(message).otherKey(message, token) ?? refused;
}

function februaryPerson(message: Message, nameOf: UserNames): string {
  const verifier = verifierOf(message);
  const token = tokenOf(message);
  const user = verifier?.userSub ?? text(token?.claims?.sub);
  if (message.signer === undefined) return "The signed-in user.";
  const caller = callerOf(token);
  const chain = caller === undefined ? "" : ` Requested by ${caller}.`;
  if (user !== undefined && token?.kind === "auth+jwt") {
    const name = nameOf(user);
    return `The user ${name === undefined ? user : `${name} (${user})`}.${chain}`;
  }
  if (caller !== undefined) return `The token names no user.${chain}`;
  return token === undefined ? "No user: the message has no token." : "No user: the token names none.";
}

function februaryPermission(message: Message): string {
  const upstream = message.verifiers.find(({ upstreamToken }) => upstreamToken !== undefined)?.upstreamToken;
  if (message.purpose === "token") {
    if (upstream !== undefined || message.requestType === "exchange") {
      return `The resource token from the challenge and the caller’s ${describeToken(upstream ?? message.signer?.token)}`;
    }
    if (message.requestType === "code") return "The authorization code from the user’s consent.";
    if (message.requestType === "refresh") return "A refresh token from an earlier grant.";
    return "The resource token from the challenge.";
  }
  const token = tokenOf(message);
  return token === undefined ? "Its signature only: it has no token." : describeToken(token, true);
}

/** The chain of `act`, nearest caller first. */
function callerOf(token: TracedToken | undefined): string | undefined {
  const names: string[] = [];
  let act = token?.claims?.act as { agent?: unknown; act?: unknown } | undefined;
  while (typeof act === "object" && act !== null && names.length < 10) {
    names.push(text(act.agent) ?? "an unnamed agent");
    act = act.act as typeof act;
  }
  return names.length === 0 ? undefined : names.join(", for ");
}

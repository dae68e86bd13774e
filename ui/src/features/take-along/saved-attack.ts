import type { SavedAttack, SavedExchange, SavedFact, SavedMessage } from "aauth-explain";
import { type ProtocolRun, partyName } from "aauth-explain/run";
import type { BearerExchange, BreakItResult } from "backend-api";
import { savedMessage } from "./saved-run.ts";

/** An attack on a run, in words and as data. */
export interface AttackToSave {
  readonly title: string;
  /** Description of the change to the request. */
  readonly what: string;
  readonly result: BreakItResult;
  /** The refusal in a few words, or the lack of an effect; absent for a hole. */
  readonly refusal?: string;
  /** Outcome on a service that accepts bearer tokens, in a few words, and the messages. */
  readonly bearer?: {
    readonly outcome: string;
    readonly exchanges: readonly (BearerExchange & { readonly senderName: string })[];
  };
}

/**
 * Converts an attack to data for its run's file.
 *
 * @param trace the attack's own messages; undefined if not recorded
 */
export function savedAttackOf(attack: AttackToSave, trace: ProtocolRun | undefined): SavedAttack {
  const { title, what, bearer } = attack;
  return {
    title,
    what,
    aauth: attackOnAAuth(attack, trace),
    ...(bearer && {
      bearer: {
        status: bearer.exchanges.at(-1)?.response.status ?? 0,
        outcome: bearer.outcome,
        exchanges: bearer.exchanges.map(savedExchange),
      },
    }),
  };
}

function attackOnAAuth(
  { title, result, refusal = "not refused: this is a hole" }: AttackToSave,
  trace: ProtocolRun | undefined,
): SavedMessage {
  const { evidence, outcome, status, refused_by: by = "the receiver" } = result;
  const messages = trace?.messages ?? [];
  const message = messages.find(({ isTampered }) => isTampered) ?? messages.at(-1);
  const recorded =
    trace && message
      ? {
          ...savedMessage(message, trace, evidence),
          from: partyName(message.from),
          to: partyName(message.to),
        }
      : { from: "Attacker", to: by, startMs: 0, facts: [], checks: [], ...(evidence && { evidence }) };
  return {
    ...recorded,
    what: title,
    outcome: outcome === "refused" ? outcome : "accepted",
    sentence: `${refusal}.`,
    status,
    facts: [...refusalFacts(result), ...recorded.facts],
  };
}

function refusalFacts({ check, code, section, meaning, reason }: BreakItResult): SavedFact[] {
  return [
    ["Check", check],
    ["Code", code],
    ["Section", section],
    ["Meaning", meaning],
    ["Stated reason", reason],
  ].flatMap(([name = "", value]) => (value === undefined ? [] : [{ name, value }]));
}

/** Truncates the token: unlike the others in the file, it works for any holder. */
function savedExchange({
  senderName,
  request,
  response,
}: BearerExchange & { senderName: string }): SavedExchange {
  const { method, url, headers, body } = request;
  const fields = Object.entries(headers).map(([name, value]) => ({ name, value: cutToken(name, value) }));
  return {
    sender: senderName,
    request: { start: `${method} ${url}`, headers: fields, ...(body !== undefined && { body }) },
    response: { start: `Status ${response.status}`, headers: [], body: response.body },
  };
}

/** Truncates a token as traces do. */
// hole R5: (_: string, value: string) => value
const cutToken = (name: string, value: string) =>
  name === "authorization" ? value.replace(/^(Bearer .{12}).*$/, "$1…") : value;

import {
  clockLine,
  fromBase64,
  KNOWN_PROFILES,
  partyNameIn,
  type SavedAttack,
  type SavedMessage,
  type SavedRun,
  type SavedVerdict,
  verifySavedMessage,
} from "aauth-explain";
import {
  type Message,
  messageAnswers,
  OUTCOMES,
  type Outcome,
  type ProtocolRun,
  visibleFields,
} from "aauth-explain/run";
import { explainedFinding } from "./explained-finding.ts";
import { type Finding, shownText } from "./finding.ts";
import { emptyMessage, runOf } from "./message-of.ts";

/** A message of a saved run, and what verifying it again finds. */
export interface JudgedMessage {
  readonly finding: Finding;
  readonly verdict: SavedVerdict;
  /** Number of an earlier message of the run with the same signature. */
  readonly repeats?: number | undefined;
  /** Route, title, sentence, facts and checks in the words of the file's maker. */
  readonly recorded: SavedMessage;
}

/** An attack with what verifying its message again finds. */
export interface JudgedAttack extends JudgedMessage {
  readonly attack: SavedAttack;
}

/** A key that messages were verified by, and the parties that the file says signed by it. */
export interface ComparedKey {
  readonly thumbprint: string;
  readonly of: string;
}

/** A saved run with its verdicts. All texts are as they may be shown. */
export interface JudgedRun {
  readonly saved: SavedRun;
  /** For the drawing: parties and routes are recorded. */
  readonly drawn: ProtocolRun;
  /** In the order of the run. */
  readonly messages: readonly JudgedMessage[];
  readonly attacks: readonly JudgedAttack[];
  readonly keys: readonly ComparedKey[];
}

/** Verifies each message and attack of a saved run again. */
export async function judgedRun(given: SavedRun): Promise<JudgedRun> {
  const numbers = new Map<string, number>();
  const messages: JudgedMessage[] = [];
  for (const [at, message] of given.messages.entries()) {
    const signed = signedOnce(message);
    const earlier = numbers.get(signed);
    if (earlier === undefined && message.evidence) numbers.set(signed, at + 1);
    messages.push(await judged(given, message, earlier));
  }
  const attacks: JudgedAttack[] = [];
  for (const attack of given.attacks) {
    const copied = numbers.get(signedOnce(attack.aauth));
    attacks.push({
      ...(await judged(given, attack.aauth, copied)),
      attack: visible(attack),
    });
  }
  const saved = visible(given);
  return { saved, drawn: drawnRun(saved, messages), messages, attacks, keys: comparedKeys(messages) };
}

/** A copy whose texts may be shown. */
const visible = <T>(value: T): T => visibleFields(value, (text) => shownText(text, true));

/** The same for the same signed message, whatever the file says about it. */
const signedOnce = ({ evidence }: SavedMessage): string =>
  evidence === undefined
    ? ""
    : JSON.stringify([evidence.method, evidence.url, Object.entries(evidence.headers).sort(), evidence.body]);

async function judged(
  run: SavedRun,
  message: SavedMessage,
  repeats: number | undefined,
): Promise<JudgedMessage> {
  const verdict = await verifySavedMessage(message, KNOWN_PROFILES);
  const { from, to } = message;
  const recorded = visible({ ...message, from: partyNameIn(run, from), to: partyNameIn(run, to) });
  return { finding: savedFinding(message, recorded, verdict, repeats), verdict, repeats, recorded };
}

/** Words for the result of verifying a message again. */
export const STATES: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified here",
  refused: "✕ refused here",
  recorded: "as recorded",
};

const TONES = { verified: "accepted", refused: "refused", recorded: "pending" } as const;

function savedFinding(
  message: SavedMessage,
  recorded: SavedMessage,
  verdict: SavedVerdict,
  repeats: number | undefined,
): Finding {
  const { state, reason, explanation, proven, atSeconds } = verdict;
  const { evidence, outcome, status } = message;
  const repetition =
    repeats === undefined
      ? []
      : [
          {
            name: "Repetition",
            value: `This is the same signed message as message ${repeats}, a second time.`,
          },
        ];
  const answered = {
    name: "Recorded outcome",
    value: status === undefined ? outcome : `${outcome}, status ${status}`,
  };
  if (evidence === undefined || explanation === undefined) {
    const shown = { ...emptyMessage(recorded), outcome: TONES[state] };
    return {
      title: message.what,
      verdict: STATES[state],
      outcome: shown.outcome,
      sentence:
        reason === undefined
          ? "Not verified again: the file does not have this message whole. It is shown as its receiver recorded it."
          : `Refused in this browser, regardless of the record: ${reason}.`,
      facts: [...repetition, answered, ...message.facts],
      message: shown,
      run: runOf(shown),
      source: "As recorded in the file, with truncated values.",
    };
  }
  const { method, url, headers, body } = evidence;
  const finding = explainedFinding(explanation, { method, url, headers, body: fromBase64(body) });
  const { signedBy, key, onBehalfOf, allowedBy } = messageAnswers(finding.message);
  return {
    ...finding,
    title: proven ? `${proven.method} ${proven.target}` : finding.title,
    verdict: STATES[state],
    sentence:
      state === "verified"
        ? `Verified in this browser: signature, body and token are intact. ${finding.sentence}`
        : `Refused in this browser, regardless of the record. ${finding.sentence}`,
    facts: [
      ...repetition,
      { name: "Who signed this?", value: signedBy },
      { name: "With which key?", value: key },
      { name: "For whom?", value: onBehalfOf },
      { name: "Allowed by what?", value: allowedBy },
      { name: "What was the outcome?", value: outcomeHere(verdict) },
      ...finding.facts.filter(({ name }) => name === "Token issued by" || name === "Protocol"),
      ...(proven?.keys ?? []).map((used) => ({
        name: keyName(used, recorded.from),
        value: used.thumbprint,
      })),
      ...(atSeconds === undefined
        ? []
        : [{ name: "Time", value: clockLine({ seconds: atSeconds, source: "created" }) }]),
      answered,
    ],
    source: "As in the file.",
  };
}

function outcomeHere({ state, reason, tokenExpiresAt }: SavedVerdict): string {
  if (state === "refused") return `Refused here: ${reason}.`;
  const expiry =
    tokenExpiresAt === undefined
      ? ""
      : tokenExpiresAt <= Date.now() / 1000
        ? ` Its token expired at ${time(tokenExpiresAt)}.`
        : ` Its token may still be valid with its key until ${time(tokenExpiresAt)}.`;
  return `Valid when it was signed, by the keys below.${expiry}`;
}

/** The party beside its key: the names are the file's, and the thumbprint is what proves. */
const keyName = ({ id, kid }: { id?: string; kid?: string }, signer: string) =>
  id === undefined
    ? `Key of the signer (recorded as ${signer})`
    : `Key of ${id}${kid === undefined ? "" : `, kid ${kid}`}`;

/** Unix seconds as local time. */
export const time = (seconds: number): string => new Date(seconds * 1000).toLocaleString();

function comparedKeys(messages: readonly JudgedMessage[]): ComparedKey[] {
  const named = new Map<string, Set<string>>();
  for (const { verdict, recorded } of messages) {
    for (const { id, kid, thumbprint } of verdict.proven?.keys ?? []) {
      const names = named.get(thumbprint) ?? new Set();
      const name = id ?? `${recorded.from}, ${verdict.proven?.signer}`;
      named.set(thumbprint, names.add(kid === undefined ? name : `${name}, kid ${kid}`));
    }
  }
  return [...named].map(([thumbprint, of]) => visible({ thumbprint, of: [...of].join("; ") }));
}

const isOutcome = (text: string): text is Outcome => OUTCOMES.includes(text as Outcome);

/** The run as the drawing has it: only a verdict of this browser has a mark. */
function drawnRun({ parties, messages, ...saved }: SavedRun, judged: readonly JudgedMessage[]): ProtocolRun {
  const drawn = messages.map(({ from, to, outcome, status }, at): Message => {
    const { finding, verdict, recorded } = judged[at]!;
    const { message } = finding;
    const isRefused = verdict.state === "refused";
    return visible({
      ...message,
      id: `message-${at + 1}`,
      number: at + 1,
      from,
      to,
      purpose: verdict.state === "recorded" ? "user" : message.purpose,
      what: verdict.state === "verified" ? finding.title : recorded.what,
      // The file has no time of an answer: each is drawn below its request.
      startMicros: 2 * at,
      endMicros: 2 * at + 1,
      status,
      outcome: isRefused ? "refused" : isOutcome(outcome) ? outcome : "accepted",
      verifiers: verdict.state === "recorded" ? [] : message.verifiers.map((one) => ({ ...one, party: to })),
    } as Message);
  });
  const [startMicros, endMicros] = [drawn[0]?.startMicros ?? 0, drawn.at(-1)?.endMicros ?? 0];
  const known = new Set(parties.map(({ id }) => id));
  const others = [...new Set(messages.flatMap(({ from, to }) => [from, to]))]
    .filter((id) => !known.has(id))
    .map((id) => ({ id, name: id }));
  return {
    traceIds: [saved.requestId],
    parties: [...parties, ...others],
    messages: drawn,
    waterfall: [],
    startMicros,
    endMicros,
  };
}

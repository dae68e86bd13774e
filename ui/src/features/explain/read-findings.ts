import {
  clockLine,
  type Explanation,
  explainRecorded,
  fromBase64,
  InputError,
  isPage,
  isRefusedAsRecorded,
  KEY_SOURCES,
  KNOWN_PROFILES,
  type MessageToExplain,
  partyNameIn,
  type RecordedExplanation,
  type RecordedMessage,
  type RecordedOptions,
  readInput,
  readSavedRun,
  type SavedMessage,
  type SavedVerdict,
  textOfInput,
  verifySavedMessage,
} from "aauth-explain";
import {
  type Message,
  messageAnswers,
  messageSentence,
  type ProtocolRun,
  readProtocolRun,
} from "aauth-explain/run";
import type { Finding } from "./finding.ts";
import { emptyMessage, messageOf, runOf } from "./message-of.ts";

/** Most messages of one input that are explained. */
const MAX_MESSAGES = 100;

export interface Findings {
  readonly findings: readonly Finding[];
  /** Number of messages that were left out. */
  readonly leftOut: number;
}

type OnFound = (found: Findings) => boolean;

/**
 * Explains every message of an input: whatever `readInput` reads, a trace or a span as Jaeger's API
 * returns it, or a saved run.
 *
 * @param onFound receives what was found so far after each message; false ends the work
 * @throws InputError, SavedRunError; both have a code
 */
export async function readFindings(
  input: string,
  options: Omit<RecordedOptions, "profiles">,
  onFound: OnFound,
): Promise<Findings> {
  const text = textOfInput(input);
  if (isPage(text)) return savedFindings(text, onFound);
  const traced = tracedRun(text);
  if (traced !== undefined)
    return limited(traced.messages, (message) => tracedFinding(message, traced), onFound);
  const explain = async (recorded: RecordedMessage) =>
    explainedFinding(
      await explainRecorded(recorded, { ...options, profiles: KNOWN_PROFILES }),
      recorded.message,
    );
  return limited(readInput(text), explain, onFound);
}

async function limited<Item>(
  items: readonly Item[],
  explain: (item: Item) => Finding | Promise<Finding>,
  onFound: OnFound,
): Promise<Findings> {
  const leftOut = Math.max(0, items.length - MAX_MESSAGES);
  let findings: readonly Finding[] = [];
  for (const item of items.slice(0, MAX_MESSAGES)) {
    findings = [...findings, await explain(item)];
    if (!onFound({ findings, leftOut })) break;
    // The page stays usable meanwhile.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { findings, leftOut };
}

const VERDICTS = { accepted: "Accepted", refused: "Refused", undecided: "Undecided" } as const;

function explainedFinding(
  explanation: Explanation & Partial<RecordedExplanation>,
  message: MessageToExplain,
): Finding {
  const { verdict, parties, key, caller, request, profile, judgedAt, assumed = [], remedy } = explanation;
  const shown = messageOf(explanation, message);
  const { response } = shown;
  const person = caller?.person && `, for ${caller.person.sub} of ${caller.person.iss}`;
  const signer = parties.signer?.startsWith("the key ")
    ? "its key alone, which names no agent"
    : parties.signer;
  const facts = [
    ["Signed by", caller ? `${signer}, proven (${caller.level})${person ?? ""}` : signer],
    ["Token issued by", parties.issuer],
    ["Sent to", parties.receiver],
    [
      "Key",
      [key?.thumbprint, KEY_SOURCES[key?.source ?? ""] ?? key?.source, key?.problem]
        .filter(Boolean)
        .join(", "),
    ],
    [
      "Its receiver answered",
      shown.status === undefined ? "" : `${shown.status} ${response.headers?.["aauth-refusal"] ?? ""}`,
    ],
    ["Protocol", profile],
    ["Time", judgedAt && clockLine(judgedAt)],
    ["Assumed", assumed.join("; ")],
  ].flatMap(([name = "", value]) => (value ? [{ name, value: String(value) }] : []));
  const { secondOpinion } = explanation.signatureBase;
  return {
    title: `${request.method} ${request.authority}${request.target}`,
    verdict: VERDICTS[verdict],
    outcome: shown.outcome,
    sentence: explanation.sentence,
    remedy: remedy?.text,
    facts,
    message: shown,
    run: runOf(shown),
    source: "As in the input.",
    ...(secondOpinion !== undefined && { second: secondOpinion }),
  };
}

/** Undefined for a text that is no trace. */
function tracedRun(text: string): ProtocolRun | undefined {
  if (!/^\s*[[{]/.test(text) || !/"span(?:s|ID)"\s*:/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const answers = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "object" && one);
  if (answers.length === 0 || answers.some((one) => "log" in one)) return undefined;
  const run = readProtocolRun(answers);
  if (run.messages.length === 0)
    throw new InputError("no_signed_entry", `none of the trace's ${run.waterfall.length} spans is a message`);
  return run;
}

function tracedFinding(message: Message, run: ProtocolRun): Finding {
  const answers = messageAnswers(message);
  return {
    title: `${message.number}. ${message.what}`,
    verdict: `Recorded: ${message.outcome}`,
    outcome: message.outcome,
    sentence: messageSentence(message),
    remedy:
      message.outcome === "refused"
        ? "A trace has no whole signature or token, so this page repeats what the parties recorded. Take the message from a HAR recording to have it judged here."
        : undefined,
    facts: [
      { name: "Who signed this?", value: answers.signedBy },
      { name: "With which key?", value: answers.key },
      { name: "For whom?", value: answers.onBehalfOf },
      { name: "Allowed by what?", value: answers.allowedBy },
      { name: "What was the outcome?", value: answers.verdict },
    ],
    message,
    run,
    source: "As recorded on the spans, where tokens and signatures are truncated.",
  };
}

/** The messages and attacks of a saved run. */
async function savedFindings(page: string, onFound: OnFound): Promise<Findings> {
  const run = await readSavedRun(page);
  const items = [
    ...run.messages.map((message, at) => ({ message, title: `${at + 1}.`, attack: undefined })),
    ...run.attacks.map((attack) => ({ message: attack.aauth, title: `Attack: ${attack.title}:`, attack })),
  ];
  const explain = async ({ message, title, attack }: (typeof items)[number]) => {
    const verdict = await verifySavedMessage(message, KNOWN_PROFILES);
    const named = { ...message, from: partyNameIn(run, message.from), to: partyNameIn(run, message.to) };
    const finding = savedFinding(named, verdict);
    const isOther =
      attack !== undefined && verdict.state === "refused" && !isRefusedAsRecorded(attack, verdict);
    const facts = isOther
      ? [
          { name: "Attention", value: "The file records another refusal than this browser finds." },
          ...finding.facts,
        ]
      : finding.facts;
    return { ...finding, title: `${title} ${finding.title}`, facts };
  };
  return limited(items, explain, onFound);
}

function savedFinding(
  message: SavedMessage,
  { state, reason, explanation, proven, atSeconds }: SavedVerdict,
): Finding {
  const { evidence, sentence, what, from, to, outcome, status } = message;
  const recorded = [
    { name: "Recorded, not proven", value: `${from} → ${to}: ${what}. ${sentence}` },
    { name: "Recorded outcome", value: status === undefined ? outcome : `${outcome}, status ${status}` },
  ];
  if (state === "recorded" || evidence === undefined || explanation === undefined) {
    const shown = { ...emptyMessage(message), outcome: state === "refused" ? "refused" : "pending" } as const;
    return {
      title: what,
      verdict: state === "refused" ? "Refused" : "As recorded",
      outcome: shown.outcome,
      sentence:
        reason === undefined
          ? "The file does not have this message whole, so nothing of it is proven. It is shown as the maker of the file recorded it."
          : `This browser refuses the message, whatever the file says: ${reason}.`,
      facts: [...recorded, ...message.facts],
      message: shown,
      run: runOf(shown),
      source: "As recorded in the file.",
    };
  }
  const { method, url, headers, body } = evidence;
  const finding = explainedFinding(explanation, { method, url, headers, body: fromBase64(body) });
  const keys = proven?.keys.map(({ id, kid, thumbprint }) => ({
    name: `Key of ${id ?? "the signer"}${kid === undefined ? "" : `, ${kid}`}`,
    value: `${thumbprint}: compare it with the published key, because the file’s maker can make keys, too`,
  }));
  return {
    ...finding,
    facts: [
      ...finding.facts,
      ...(keys ?? []),
      ...(atSeconds === undefined
        ? []
        : [{ name: "Time", value: clockLine({ seconds: atSeconds, source: "created" }) }]),
      ...recorded,
    ],
    source: "As in the file.",
  };
}

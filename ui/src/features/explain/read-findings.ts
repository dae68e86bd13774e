import {
  explainRecorded,
  InputError,
  isPage,
  KNOWN_PROFILES,
  type RecordedMessage,
  type RecordedOptions,
  readInput,
  readSavedRun,
  textOfInput,
} from "aauth-explain";
import {
  type Message,
  messageAnswers,
  messageSentence,
  type ProtocolRun,
  readProtocolRun,
} from "aauth-explain/run";
import { explainedFinding } from "./explained-finding.ts";
import type { Finding } from "./finding.ts";
import { type JudgedRun, judgedRun } from "./saved-run.ts";

/** Most messages of one input that are explained. */
const MAX_MESSAGES = 100;

export interface Findings {
  readonly findings: readonly Finding[];
  /** Number of messages that were left out. */
  readonly leftOut: number;
  /** The run of a saved file, in place of findings. */
  readonly saved?: JudgedRun;
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
  if (isPage(text)) return { findings: [], leftOut: 0, saved: await judgedRun(await readSavedRun(text)) };
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

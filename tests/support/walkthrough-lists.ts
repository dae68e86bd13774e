import type { Message, VerifierSide } from "aauth-explain/run";
import { checkLabel } from "../../ui/src/features/protocol/message-wording.ts";
import { fenced } from "./walkthrough-blocks.ts";
import type { RecordedRun } from "./walkthrough-run.ts";

/** Letters of the wire profile of draft -11 for the token in `Signature-Key`. */
const LETTERS: Readonly<Record<string, string>> = {
  "aa-agent+jwt": "A",
  "aa-person+jwt": "P",
  "aa-auth+jwt": "T",
};

/**
 * The signed messages of a run of draft -11, one per line: route, request, key, relevant members of
 * the body, answer. Repeated polls are one line.
 *
 * @param from number of the first message to show. Default: all
 */
export function messageList({ protocol }: RecordedRun, from = 1): string {
  const signed = protocol.messages.filter(({ signer }) => signer !== undefined);
  const last = new Map(
    signed.map((message) => [`${message.from} ${message.method} ${message.url}`, message]),
  );
  const shown = signed.filter((message) => !isPoll(message) || [...last.values()].includes(message));
  const rows = shown
    .sort((one, other) => timeOf(one) - timeOf(other))
    .map((message, index) => [
      String(index + 1).padStart(2),
      `${message.from.replace("supply-chain-backend", "backend")} -> ${new URL(message.url).hostname.replace(".localhost", "")}`,
      `${message.method} ${new URL(message.url).pathname.replace(/(?<=\/pending\/).+/, "…")}`,
      [keyOf(message), ...membersOf(message)].join(" "),
      answerOf(message),
    ])
    .slice(from - 1);
  return fenced("text", aligned(rows));
}

/**
 * The checks of a message by a gateway and the agent behind it, with their sections of draft -11.
 */
export function checkList({ verifiers }: Message): string {
  const [first] = verifiers;
  if (first === undefined) throw new Error("the message was not verified");
  const verdictOf = ({ checks }: VerifierSide, name: string) =>
    checks.find((check) => check.name === name)?.verdict ?? "-";
  const rows = first.checks.map(({ name, section }) => [
    checkLabel(name),
    (section ?? "-").replace("draft -11, section ", ""),
    ...verifiers.map((verifier) => verdictOf(verifier, name)),
  ]);
  const head = [
    "check",
    "section",
    ...verifiers.map(({ party }) => party.replace("agentgateway", "gateway")),
  ];
  return fenced("text", aligned([head, ...rows]));
}

const isPoll = ({ method, url }: Message) => method === "GET" && url.includes("/pending/");
/** A poll is answered when its event has happened. */
const timeOf = (message: Message) => (isPoll(message) ? message.endMicros! : message.startMicros);

function keyOf({ signer }: Message): string {
  return `key=${LETTERS[signer?.token?.kind ?? ""] ?? signer?.scheme}`;
}

function membersOf({ url, request }: Message): string[] {
  if (new URL(url).pathname === "/") return [];
  const names = request.body?.match(/(?<=")(?:resource|\w+_token)(?=":)/g);
  return names ? [`{${names.join(", ")}}`] : [];
}

function answerOf({ status, response }: Message): string {
  const { "aauth-requirement": requirement = "", "signature-error": error = "" } = response.headers ?? {};
  const token = /(?<=^\{")\w+_token(?=":)/.exec(response.body ?? "")?.[0];
  return [status, error, /^requirement=[\w-]+/.exec(requirement)?.[0], token].filter(Boolean).join(" ");
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

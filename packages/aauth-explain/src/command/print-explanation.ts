import { isoSeconds, readableClaims } from "../claim-meaning.ts";
import type { ExplainedClock, RecordedExplanation } from "../explain-recorded.ts";
import type { Explanation } from "../explanation.ts";
import { visibleFields, visibleLines } from "../visible-text.ts";

/** A style of the terminal. */
type Style = "good" | "bad" | "soft" | "bold";

const CODES: Readonly<Record<Style, number>> = { good: 32, bad: 31, soft: 2, bold: 1 };
const SIGNS = { passed: "✓", failed: "✕", skipped: "–" } as const;

/** The explanation as a tree of lines for a terminal. */
export function printExplanation(judged: RecordedExplanation, options: { colour: boolean }): string {
  const explanation = visibleExplanation(judged);
  const isUndecided = explanation.verdict === "undecided";
  const style = (name: Style, text: string) =>
    options.colour ? `\u001b[${CODES[name]}m${text}\u001b[0m` : text;
  const heading = (text: string) => `\n${style("bold", text)}`;
  return [
    ...verdictLines(explanation, style),
    ...(explanation.remedy === undefined ? [] : [`What to change: ${explanation.remedy.text}`]),
    heading("Checks"),
    ...checkLines(explanation, isUndecided, style),
    heading("Headers"),
    ...headerLines(explanation),
    heading("Signature base"),
    ...baseLines(explanation, style),
    heading("Key"),
    ...keyLines(explanation, style),
    ...(explanation.response === undefined
      ? []
      : [heading(`Response: ${explanation.response.status}`), ...headerLines(explanation.response)]),
    ...explanation.tokens.flatMap((token) => [heading(tokenTitle(token)), ...tokenLines(token)]),
    "",
    clockLine(explanation.judgedAt),
    ...explanation.assumed.map((assumption) => `Assumed: ${assumption}`),
  ].join("\n");
}

/**
 * Contents of the message are untrusted: only the colours and line ends of this command reach the
 * terminal.
 */
function visibleExplanation(judged: RecordedExplanation): RecordedExplanation {
  // The base's own line ends are part of it.
  return { ...visibleFields(judged), signatureBase: visibleFields(judged.signatureBase, visibleLines) };
}

type Paint = (name: Style, text: string) => string;

function verdictLines(explanation: Explanation, style: Paint): string[] {
  const { profile, request, verdict, code, reason, caller } = explanation;
  const line = `${request.method} ${request.target} at ${request.authority}, ${request.bodyBytes} bytes of body, ${profile}`;
  if (verdict === "undecided") return [line, style("bold", `UNDECIDED: ${reason}`)];
  if (verdict === "refused") return [line, style("bad", `REFUSED ${code}: ${reason}`)];
  if (caller === undefined)
    return [
      line,
      style("good", `VERIFIES with the key of ${explanation.parties.signer}: who has it is not known`),
    ];
  const { agent, server, person, level, thumbprint } = caller;
  const unnamed = person === undefined ? "a pseudonymous caller" : "an agent";
  const name = agent ?? server ?? `${unnamed} with key ${thumbprint}`;
  const user = person === undefined ? "" : ` for user ${person.sub} of ${person.iss}`;
  return [line, style("good", `ACCEPTED from ${name}${user} (${level})`)];
}

function checkLines(
  { checks, code: undecidedBy }: Explanation,
  isUndecided: boolean,
  style: Paint,
): string[] {
  const width = Math.max(14, ...checks.map(({ section }) => section.length));
  return checks.map(({ name, verdict, reason, code, section }) => {
    // One that a receiver has recorded was made.
    const isOpen = isUndecided && verdict === "failed" && code === undecidedBy;
    const colour = ({ passed: "good", failed: isOpen ? "bold" : "bad", skipped: "soft" } as const)[verdict];
    const why = [isOpen ? "not made" : code, reason].filter(Boolean).join(": ");
    const line = `  ${isOpen ? "?" : SIGNS[verdict]} ${name.padEnd(16)} ${section.padEnd(width)}${why === "" ? "" : ` ${why}`}`;
    return style(colour, line.trimEnd());
  });
}

function headerLines({ headers }: Pick<Explanation, "headers">): string[] {
  return headers.flatMap(({ name, value, parsed, problem }) => {
    if (value === undefined) return [`  ${name}: not there`];
    if (problem !== undefined) return [`  ${name}: ${problem}`];
    if (Array.isArray(parsed)) return [`  ${name}: ${parsed.join(" ")}`];
    if (typeof parsed !== "object" || parsed === null) return [`  ${name}: ${String(parsed)}`];
    return [`  ${name}:`, ...Object.entries(parsed).map(([key, part]) => `    ${key}: ${shown(key, part)}`)];
  });
}

/** Tokens are shown decoded, below. */
function shown(name: string, value: unknown): string {
  if (name === "jwt" || name === "resourceToken") return `${String(value).slice(0, 12)}…`;
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function baseLines({ signatureBase }: Explanation, style: Paint): string[] {
  const { ours, secondOpinion, agree, firstDifferentLine, problem } = signatureBase;
  const text = (base: string) => base.replaceAll(/([ ;]jwt=")([^"]{0,12})[^"]*"/g, '$1$2…"');
  const indented = (base: string) =>
    text(base)
      .split("\n")
      .map((line) => `    ${line}`);
  if (agree && ours !== undefined) {
    return [...indented(ours), `  ${style("good", "✓")} http-message-signatures builds the same base`];
  }
  return [
    ...(problem === undefined ? [] : [`  ${problem}`]),
    ...(ours === undefined ? [] : ["  by aauth:", ...indented(ours)]),
    ...(secondOpinion === undefined ? [] : ["  by http-message-signatures:", ...indented(secondOpinion)]),
    ...(firstDifferentLine === undefined
      ? []
      : [style("bad", `  they differ from line ${firstDifferentLine} on`)]),
  ];
}

/** Sources of keys: files replace discovery. */
export const KEY_SOURCES: Readonly<Record<string, string>> = {
  header: "in the request itself",
  discovery: "in a file of keys",
  "auth-token": "in the auth token, cnf.jwk",
  "agent-token": "in the agent token, cnf.jwk",
};

function keyLines({ key, secondOpinion }: Explanation, style: Paint): string[] {
  if (key === undefined) return ["  the message names none"];
  return [
    ...(key.thumbprint === undefined ? [] : [`  thumbprint ${key.thumbprint}`]),
    ...(key.source === undefined ? [] : [`  found ${KEY_SOURCES[key.source] ?? key.source}`]),
    ...(key.problem === undefined ? [] : [`  ${key.problem}`]),
    ...(secondOpinion === undefined
      ? []
      : secondOpinion.verifies
        ? [`  ${style("good", "✓")} http-message-signatures: the signature verifies with it`]
        : [`  ${style("bad", "✕")} http-message-signatures: the signature does not verify with it`]),
  ];
}

type Token = Explanation["tokens"][number];

const tokenTitle = ({ where, header, section }: Token) =>
  `Token in ${where}: ${String(header?.typ ?? "unreadable")}${section === undefined ? "" : `, ${section}`}`;

function tokenLines({ header, claims, problem }: Token): string[] {
  if (problem !== undefined || claims === undefined) return [`  ${problem ?? "it cannot be decoded"}`];
  return readableClaims(String(header?.typ), claims).map(
    ({ name, value, meaning }) =>
      `  ${name.padEnd(13)} ${value}${meaning === undefined ? "" : `  (${meaning})`}`,
  );
}

const CLOCKS: Readonly<Record<ExplainedClock["source"], string>> = {
  now: "now",
  created: "when it was signed",
  recorded: "when it was recorded",
  given: "as given",
};

/** Names the clock that `created` and the token's times were judged by. */
export const clockLine = ({ seconds, source }: ExplainedClock) =>
  `Judged at ${isoSeconds(seconds)}: ${CLOCKS[source]}`;

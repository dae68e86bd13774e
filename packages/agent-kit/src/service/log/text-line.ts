import { visibleText } from "protocol-trace/redact";

/** One parsed pino record. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** Level names of the demo's log, by pino level. */
const LEVEL_WORDS: Readonly<Record<number, string>> = {
  10: "TRACE",
  20: "DEBUG",
  30: "INFO",
  40: "WARNING",
  50: "ERROR",
  60: "CRITICAL",
};

/** Fields that are in the head of the line, or only for machines. */
const HEAD_FIELDS = new Set(["level", "time", "logger", "service", "msg", "err", "pid", "hostname"]);
/** Placed at the end, because they are long and repetitive. */
const TRACE_FIELDS = ["trace_id", "span_id"];

/**
 * `INFO:aauth.signing:message key=value`, followed by an error, with its stack if it is unexpected.
 * Without a final newline.
 *
 * @param options.trace append the trace of the line. Default true
 */
export function textLine(record: LogRecord, options: { trace?: boolean } = {}): string {
  const { trace = true } = options;
  const level = LEVEL_WORDS[Number(record.level)] ?? String(record.level);
  const source = String(record.logger ?? record.service);
  const names = Object.keys(record).filter((name) => !HEAD_FIELDS.has(name) && !TRACE_FIELDS.includes(name));
  const pairs = [...names, ...(trace ? TRACE_FIELDS : [])]
    .filter((name) => record[name] !== undefined)
    .map((name) => `${name}=${formatValue(record[name])}`);
  const head = [String(record.msg ?? ""), ...pairs].filter((part) => part !== "").join(" ");
  return visibleText(`${level}:${source}:${head}`) + errorLines(record.err, Number(record.level));
}

function errorLines(error: unknown, level: number): string {
  if (error === null || typeof error !== "object") return "";
  const { stack, message, code } = error as { stack?: unknown; message?: unknown; code?: unknown };
  // An expected failure has a code, and needs no stack.
  const isUnexpected = level >= 50 && typeof code !== "string";
  const text = isUnexpected && typeof stack === "string" ? stack : String(message ?? "");
  if (text === "") return "";
  return text
    .split("\n")
    .map((line) => `\n    ${visibleText(line)}`)
    .join("");
}

function formatValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return value === "" || /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}

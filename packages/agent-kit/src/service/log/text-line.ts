import { visibleText } from "protocol-trace/redact";

/** One parsed pino record. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** The level words of the demo's log vocabulary, by pino level. */
const LEVEL_WORDS: Readonly<Record<number, string>> = {
  10: "TRACE",
  20: "DEBUG",
  30: "INFO",
  40: "WARNING",
  50: "ERROR",
  60: "CRITICAL",
};

/** Fields that the line's head shows, or that only machines need. */
const HEAD_FIELDS = new Set(["level", "time", "logger", "service", "msg", "err", "pid", "hostname"]);
/** Long, and alike on many lines: at the end. */
const TRACE_FIELDS = ["trace_id", "span_id"];

/**
 * `INFO:aauth.signing:message key=value`, an error below it: with its stack where it is
 * unexpected. Without the line's end.
 *
 * @param options.trace show which trace the line belongs to. Default true
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
  // The code of an expected failure says where it comes from.
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

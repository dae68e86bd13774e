import { type Logger, pino } from "pino";
import { redactFields, visibleText } from "protocol-trace/redact";
import { traceFields } from "../telemetry/trace-fields.ts";
import { type LogRecord, textLine } from "./text-line.ts";

/** pino's levels, plus `silent`. */
export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * `text` for people: `INFO:aauth.signing:message key=value`. `json` for machines: pino's own
 * records, one a line.
 */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default `text`. */
  readonly format?: LogFormat;
  /**
   * Prints whole tokens and signatures. Default false; private keys and passwords are always
   * hidden.
   */
  readonly showTokens?: boolean;
  /** Appends `trace_id` and `span_id` to each line of text at all levels. Default false. */
  readonly traceIds?: boolean;
  /** Default standard output. */
  readonly destination?: { write(line: string): unknown };
}

/**
 * A pino logger. Name the part that speaks with a child:
 * `logger.child({ logger: "aauth.signing" })`.
 *
 * A line written inside a trace has `trace_id` and `span_id`; in text form, at its end, at levels
 * `debug` and `trace`, and with `traceIds`.
 *
 * All records, including messages, fields, child bindings and errors, pass through one redaction.
 * Records are therefore parsed again, and pino's `redact` paths are not used. In both formats,
 * invisible characters are escaped (`visibleText`), so that no value can start a new line or
 * reverse the text direction.
 */
export function createLogger(options: LoggerOptions): Logger {
  const {
    service,
    level = "info",
    format = "text",
    showTokens = false,
    traceIds = false,
    destination = process.stdout,
  } = options;
  // Two long ids on every line are useful only for debugging.
  const trace = traceIds || level === "debug" || level === "trace";
  return pino(
    { level, base: { service }, mixin: traceFields },
    {
      write(line: string) {
        // hole D14+: JSON.parse(line)
        const record = redactFields(JSON.parse(line), { showTokens }) as LogRecord;
        const shown = format === "json" ? visibleText(JSON.stringify(record)) : textLine(record, { trace });
        destination.write(`${shown}\n`);
      },
    },
  );
}

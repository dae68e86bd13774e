import { visibleText } from "agent-kit/service";
import type { LoggingConfiguration } from "../configuration/configuration.ts";
import { builtInFields, configuredFields } from "./record-fields.ts";
import type { RequestRecord } from "./request-record.ts";

/** Levels at which Agentgateway's request line, an info line, is written. */
const WRITING_LEVELS = new Set(["info", "debug", "trace"]);

/**
 * One line a request, as Agentgateway writes it, or undefined when level or filter say no.
 *
 * text: `<time> TAB info TAB request k=v …`, built-in values bare but for `error` and those that bare would not be one word, configured texts quoted. json: `level`, `time`, `scope`, then the same.
 */
export function accessLogLine(
  logging: LoggingConfiguration,
  record: RequestRecord,
  endedAtMs: number,
): string | undefined {
  if (!WRITING_LEVELS.has(logging.level)) return undefined;
  if (logging.filter && !(record.context && logging.filter.isTrue(record.context))) return undefined;
  const builtIn = bounded(builtInFields(record, endedAtMs, logging.removedFields));
  const configured = bounded(configuredFields(record, logging.fields));
  const time = isoTime(endedAtMs);
  if (logging.format === "json") {
    return printable({
      level: "info",
      time,
      scope: "request",
      ...Object.fromEntries(builtIn),
      ...Object.fromEntries(configured),
    });
  }
  let line = `${time}\tinfo\trequest`;
  for (const [name, value] of builtIn) {
    const isWord = name !== "error" && /^[\x21-\x7e]*$/.test(String(value));
    line += ` ${name}=${isWord ? value : printable(value)}`;
  }
  for (const [name, value] of configured) line += ` ${name}=${configuredText(value)}`;
  return line;
}

let second = Number.NaN;
let secondText = "";

/** As Agentgateway writes it, with microseconds, of which the clock here knows none. Many requests end in one second. */
function isoTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, -4);
  }
  const rest = Math.floor(milliseconds - whole * 1000);
  return `${secondText}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}000Z`;
}

function configuredText(value: unknown): string {
  return printable(typeof value === "object" ? JSON.stringify(value) : value);
}

/** A caller chooses the length of its path and of each header field. */
const MAX_VALUE_CHARACTERS = 2048;

function bounded(fields: readonly [string, unknown][]): [string, unknown][] {
  return fields.map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [name, text.length <= MAX_VALUE_CHARACTERS ? value : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`];
  });
}

/** JSON of a value that may hold a caller's text, on one line of what reads logs. */
const printable = (value: unknown): string => visibleText(JSON.stringify(value));

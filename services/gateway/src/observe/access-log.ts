import { visibleText } from "agent-kit/service";
import type { NamedExpressions } from "../configuration/document-schema.ts";
import { builtInFields, configuredFields } from "./record-fields.ts";
import type { RequestRecord } from "./request-record.ts";

/** Limit on values, because callers choose the length of paths and header fields. */
const MAX_VALUE_CHARACTERS = 2048;

/**
 * Formats one line per request, as Agentgateway does.
 *
 * text: `<time> TAB info TAB request k=v …`, with built-in values unquoted except `error` and those
 * that are not one word, and configured strings quoted. json: `level`, `time`, `scope`, then the
 * same.
 */
export function accessLogLine(
  format: "text" | "json",
  record: RequestRecord,
  expressions: NamedExpressions,
): string {
  const builtIn = bounded(builtInFields(record));
  const configured = bounded(configuredFields(record, expressions));
  // Microseconds, as Agentgateway writes them.
  const time = new Date().toISOString().replace("Z", "000Z");
  if (format === "json") {
    const values = Object.fromEntries([...builtIn, ...configured]);
    return printable({ level: "info", time, scope: "request", ...values });
  }
  let line = `${time}\tinfo\trequest`;
  for (const [name, value] of builtIn) {
    const isWord = name !== "error" && /^[\x21-\x7e]*$/.test(String(value));
    line += ` ${name}=${isWord ? value : printable(value)}`;
  }
  for (const [name, value] of configured) {
    line += ` ${name}=${printable(value)}`;
  }
  return line;
}

function bounded(fields: readonly [string, unknown][]): [string, unknown][] {
  return fields.map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [name, text.length <= MAX_VALUE_CHARACTERS ? value : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`];
  });
}

/** JSON of a value that may contain a caller's text, safe to display on one line. */
const printable = (value: unknown): string => visibleText(JSON.stringify(value));

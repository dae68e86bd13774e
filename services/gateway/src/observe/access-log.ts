import { visibleText } from "agent-kit/service";
import type { NamedExpressions } from "../configuration/document-schema.ts";
import { builtInFields, configuredFields } from "./record-fields.ts";
import type { RequestRecord } from "./request-record.ts";

/** A caller chooses the length of its path and of each header field. */
const MAX_VALUE_CHARACTERS = 2048;

/**
 * One line a request, as Agentgateway writes it.
 *
 * text: `<time> TAB info TAB request k=v …`, built-in values bare but for `error` and those that
 * bare would not be one word, configured strings quoted. json: `level`, `time`, `scope`, then the
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
    line += ` ${name}=${printable(typeof value === "object" ? JSON.stringify(value) : value)}`;
  }
  return line;
}

function bounded(fields: readonly [string, unknown][]): [string, unknown][] {
  return fields.map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [name, text.length <= MAX_VALUE_CHARACTERS ? value : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`];
  });
}

/** JSON of a value that may hold a caller's text, on one line of what reads logs. */
const printable = (value: unknown): string => visibleText(JSON.stringify(value));

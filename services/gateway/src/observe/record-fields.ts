import { redactFields, redactText } from "agent-kit/service";
import type { NamedExpressions } from "../configuration/document-schema.ts";
import { fieldsByName } from "../proxy/request-head.ts";
import type { RequestRecord } from "./request-record.ts";

/** Built-in fields of a finished request, in the access log's order, without empty ones. */
export function builtInFields(record: RequestRecord): [string, string | number][] {
  const { head, route, span } = record;
  const source = head?.sourceAddress.includes(":") ? `[${head.sourceAddress}]` : head?.sourceAddress;
  const fields: [string, string | number | undefined][] = [
    ["gateway", record.listener && "default/default"],
    ["listener", record.listener],
    ["route", route && `default/${route.name}`],
    ["endpoint", record.endpoint],
    ["src.addr", head && `${source}:${head.sourcePort}`],
    ["http.method", head?.method],
    ["http.host", head?.hostname],
    ["http.path", head && redactText(head.target)],
    ["http.version", head && `HTTP/${head.httpVersion}`],
    ["http.status", record.status],
    ["trace.id", span?.spanContext().traceId],
    ["span.id", span?.spanContext().spanId],
    ["protocol", record.protocol],
    ["a2a.method", record.a2aMethod],
    ["error", record.error],
    ["reason", record.reason],
    ["duration", `${Math.floor(performance.now() - record.startedAtMs)}ms`],
  ];
  return fields.filter((field): field is [string, string | number] => field[1] !== undefined);
}

/**
 * Values of the file's `fields.add` expressions as plain data, without failing and null ones.
 * Tokens and signatures are truncated, also inside header maps; the real gateway writes them in
 * full.
 */
export function configuredFields(record: RequestRecord, expressions: NamedExpressions): [string, unknown][] {
  const { status, responseFields = [] } = record;
  if (record.context === undefined) return [];
  const context = {
    ...record.context,
    response:
      status === undefined ? null : { code: BigInt(status), headers: fieldsByName(responseFields, "list") },
  };
  return Object.entries(expressions).flatMap(([name, expression]): [string, unknown][] => {
    const value = expression.valueOrUndefined(context) ?? undefined;
    if (value === undefined) return [];
    try {
      return [[name, redactFields(plainValue(value))]];
    } catch (error) {
      // The result of `json()` on a caller's text may be too deep for the stack.
      if (!(error instanceof RangeError)) throw error;
      return [[name, "…"]];
    }
  });
}

/**
 * Converts a CEL value to plain JSON data: integers to numbers (or strings if they would lose
 * digits), maps to objects.
 */
function plainValue(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return Number.isSafeInteger(Number(part)) ? Number(part) : String(part);
    return part instanceof Map ? Object.fromEntries(part) : part;
  });
  return JSON.parse(text);
}

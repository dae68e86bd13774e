import { redactFields, redactText } from "agent-kit/service";
import { plainValue } from "../cel/plain-value.ts";
import type { NamedExpression } from "../configuration/configuration.ts";
import { responseFields } from "../proxy/request-head.ts";
import type { RequestRecord } from "./request-record.ts";

const NONE: ReadonlySet<string> = new Set();

/** Built-in fields of a finished request in the access log's order; those without a value and those in `removed` are left out. */
export function builtInFields(
  record: RequestRecord,
  endedAtMs: number,
  removed: ReadonlySet<string> = NONE,
): [string, string | number][] {
  const { head, route, trace } = record;
  const fields: [string, string | number][] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined && !removed.has(name)) fields.push([name, value]);
  };
  if (record.listener !== undefined) {
    add("gateway", "default/default");
    add("listener", record.listener);
  }
  add("route", route && `default/${route.name}`);
  add("endpoint", record.endpoint);
  add("src.addr", head && `${bracketed(head.sourceAddress)}:${head.sourcePort}`);
  add("http.method", head?.method);
  add("http.host", head?.hostname);
  add("http.path", head && loggablePath(head.target));
  add("http.version", head && `HTTP/${head.httpVersion}`);
  add("http.status", record.status);
  add("trace.id", trace?.traceId);
  add("span.id", trace?.spanId);
  add("protocol", record.protocol);
  add("a2a.method", record.a2aMethod);
  add("error", record.error);
  add("reason", record.reason);
  add("duration", `${Math.max(0, Math.floor(endedAtMs - record.startedAtMs))}ms`);
  return fields;
}

/**
 * Values of the `fields.add` expressions of the file, as plain data; a failing or null one is left out. Tokens and signatures are cut
 * on the way, also inside header maps: the real gateway writes them whole.
 */
export function configuredFields(
  record: RequestRecord,
  expressions: readonly NamedExpression[],
): [string, unknown][] {
  if (record.context === undefined || expressions.length === 0) return [];
  const context = {
    ...record.context,
    response:
      record.status === undefined
        ? null
        : { code: BigInt(record.status), headers: responseFields(record.responseFields ?? []) },
  };
  const fields: [string, unknown][] = [];
  for (const { name, expression } of expressions) {
    const value = expression.valueOrUndefined(context);
    if (value !== undefined && value !== null) fields.push([name, redactFields(plainValue(value))]);
  }
  return fields;
}

/** Secrets in an address are in its query, or a token in its path. */
function loggablePath(target: string): string {
  return target.includes("=") || target.includes("eyJ") ? redactText(target) : target;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

import type { TraceSpan } from "../../packages/protocol-trace/src/read/trace-span.ts";

/** A row of a page's table "where it is in the trace". */
interface TraceRow {
  readonly line: string;
  readonly service: string;
  readonly span: string;
  /** Attributes in the row, `aauth.agent.id` or with the value that it is said to have, `http.status=403`. */
  readonly attributes: readonly (readonly [name: string, value: string | undefined])[];
}

/** Rows of that table, `` | `service` | `span` | what it shows | ``. */
export function traceRows(page: string): TraceRow[] {
  const section = /^## Where it is in the trace\n([\s\S]*?)(?=^## )/m.exec(page)?.[1] ?? "";
  return [...section.matchAll(/^\| `([\w-]+)` \| `([^`]+)` \| (.+) \|$/gm)].map(
    ([line, service, span, rest]) => ({
      line,
      service: service!,
      span: span!,
      attributes: [...rest!.matchAll(/`((?:aauth|http)\.[\w.]+|\w+(?==))(?:=([^`]+))?`/g)].map(
        ([, name, value]) => [name!, value] as const,
      ),
    }),
  );
}

/** Rows of the table that no span of the run bears out. */
export function missingSpans(page: string, spans: readonly TraceSpan[]): string[] {
  return traceRows(page)
    .filter(
      ({ service, span, attributes }) =>
        !spans.some(
          (real) =>
            real.service === service &&
            real.name === span &&
            attributes.every(([name, value]) => isOn(real, name, value)),
        ),
    )
    .map(({ line }) => line);
}

function isOn({ attributes }: TraceSpan, name: string, value: string | undefined): boolean {
  return value === undefined ? name in attributes : String(attributes[name]) === value;
}

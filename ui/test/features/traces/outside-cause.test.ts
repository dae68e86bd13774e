import type { WaterfallRow } from "aauth-explain/run";
import { expect, test } from "vitest";
import { outsideCause } from "../../../src/features/traces/outside-cause.ts";

const row = (service: string, startMicros: number, endMicros: number): WaterfallRow => ({
  spanId: service,
  traceId: "t",
  name: "POST",
  service,
  kind: "server",
  attributes: {},
  events: [],
  depth: 0,
  startMicros,
  durationMicros: endMicros - startMicros,
  isError: false,
});
const cause = row("backend", 10_000, 20_000);

test.each([
  ["within it", row("gateway", 11_000, 19_000), undefined],
  ["after its end", row("gateway", 11_000, 23_000), { before: 0, after: 3000 }],
  ["before its start", row("gateway", 7000, 19_000), { before: 3000, after: 0 }],
  ["longer than it", row("gateway", 8000, 25_000), { before: 2000, after: 5000 }],
  ["by less than clocks tell", row("gateway", 9500, 20_900), undefined],
  ["of its own process, which has one clock", row("backend", 11_000, 23_000), undefined],
  ["begun later, by itself", row("gateway", 20_000, 23_000), undefined],
] as const)("a span %s", (_what, given, expected) => {
  expect(outsideCause(given, cause)).toEqual(expected);
});

test("a span without a cause is never outside it", () => {
  expect(outsideCause(row("gateway", 0, 1_000_000), undefined)).toBeUndefined();
});

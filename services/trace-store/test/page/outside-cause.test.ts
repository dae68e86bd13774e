import { expect, test } from "vitest";

/** The page's scripts are plain JavaScript, without declarations. */
const page = (name: string) => import(new URL(`../../src/page/assets/${name}`, import.meta.url).href);
const { outsideCause } = await page("outside-cause.js");
const { traceTree } = await page("trace-tree.js");

const row = (service: string, startTime: number, end: number) => ({
  service,
  span: { startTime, duration: end - startTime },
});
const cause = row("backend", 10_000, 20_000);

test.each([
  ["within it", row("gateway", 11_000, 19_000), undefined],
  ["after its end", row("gateway", 11_000, 23_000), { before: 0, after: 3000 }],
  ["longer than it", row("gateway", 8000, 25_000), { before: 2000, after: 5000 }],
  ["by less than clocks tell", row("gateway", 9500, 20_900), undefined],
  ["of its own service", row("backend", 11_000, 23_000), undefined],
  ["begun later, by itself", row("gateway", 20_000, 23_000), undefined],
])("a span %s", (_what, given, expected) => {
  expect(outsideCause(given, cause)).toEqual(expected);
  expect(outsideCause(given, undefined)).toBeUndefined();
});

test("a trace's rows say it of each span, and leave its times as they are", () => {
  const span = (spanID: string, processID: string, startTime: number, duration: number, parent?: string) => ({
    ...{ traceID: "t", spanID, processID, startTime, duration, operationName: "POST", tags: [], logs: [] },
    references: parent === undefined ? [] : [{ refType: "CHILD_OF", traceID: "t", spanID: parent }],
  });
  const { rows, duration } = traceTree({
    processes: { p1: { serviceName: "backend" }, p2: { serviceName: "gateway" } },
    spans: [span("a", "p1", 0, 10_000), span("b", "p2", 1000, 14_000, "a")],
  });
  expect(rows.map(({ outside }: { outside: unknown }) => outside)).toEqual([
    undefined,
    { before: 0, after: 5000 },
  ]);
  expect(duration).toBe(15_000);
});

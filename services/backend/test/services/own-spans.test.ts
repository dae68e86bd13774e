import { expect, test } from "vitest";
import { ownSpans } from "../../src/services/own-spans.ts";

const span = (spanID: string, parent?: string, runId?: string) => ({
  spanID,
  references: parent === undefined ? [] : [{ refType: "CHILD_OF", spanID: parent }],
  tags: runId === undefined ? [] : [{ key: "optimization.request_id", value: runId }],
});

const idsOf = (answer: unknown) =>
  (answer as { data: { spans: { spanID: string }[] }[] }).data.flatMap(({ spans }) =>
    spans.map(({ spanID }) => spanID),
  );

test("another run in the same trace is left out, with everything below it", () => {
  const spans = [
    span("click"),
    span("mine", "click", "run-1"),
    span("my-call", "mine"),
    span("theirs", "click", "run-2"),
    span("their-call", "theirs"),
    span("their-gate", "their-call"),
  ];
  expect(idsOf(ownSpans({ data: [{ spans, processes: {} }] }, "run-1"))).toEqual([
    "click",
    "mine",
    "my-call",
  ]);
});

test("a loop among the parents is no way out", () => {
  const spans = [span("a", "b"), span("b", "a"), span("theirs", undefined, "run-2")];
  expect(idsOf(ownSpans({ data: [{ spans }] }, "run-1"))).toEqual(["a", "b"]);
});

test("an answer of another shape shows nothing", () => {
  for (const answer of [null, {}, { data: "x" }, [], 5]) {
    expect(ownSpans(answer, "run-1")).toEqual({ data: [] });
  }
});

import { describe, expect, test } from "vitest";
import { ownSpans } from "../../src/traces/own-spans.ts";
import type { StoredTrace } from "../../src/traces/trace-client.ts";

const RUN = "optimization.request_id";
const USER = "aauth.user.sub";
const SERVER = { "span.kind": "server" };
const PROCESSES = {
  page: { serviceName: "supply-chain-ui" },
  backend: { serviceName: "supply-chain-backend" },
};

const span = (spanID: string, parent?: string, tags: Record<string, string> = {}, processID = "backend") => ({
  spanID,
  processID,
  references: parent === undefined ? [] : [{ refType: "CHILD_OF", spanID: parent }],
  tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
});
const click = (spanID: string) => span(spanID, undefined, { "span.kind": "client" }, "page");

/**
 * A run's spans: the request, the step that starts it and that the backend knows, the run, a call
 * and its gate.
 */
const runOf = (user: string, parent?: string) => [
  span(`${user}-request`, parent, { ...SERVER, [USER]: user }),
  span(`${user}-start`, `${user}-request`),
  span(`${user}-run`, `${user}-start`, { [RUN]: `${user}-1`, [USER]: user }),
  span(`${user}-call`, `${user}-run`),
  span(`${user}-gate`, `${user}-call`, { ...SERVER, "aauth.role": "verifier", [USER]: "sub-in-the-token" }),
];
const namesOf = (user: string) =>
  ["request", "start", "run", "call", "gate"].map((name) => `${user}-${name}`);

const shownTo = (user: string, spans: StoredTrace["spans"], spanIds = [`${user}-start`]) => {
  const trace = { traceID: "t", spans, processes: PROCESSES };
  return ownSpans(trace, { id: `${user}-1`, userId: user, spanIds }).spans.map(({ spanID }) => spanID);
};

describe("A4: of a trace that another user's run is in", () => {
  test("A4: each user sees their own request, the spans below it, and their own click", () => {
    const spans = [
      click("alice-click"),
      ...runOf("alice", "alice-click"),
      click("bob-click"),
      ...runOf("bob", "bob-click"),
    ];
    expect(shownTo("alice", spans)).toEqual(["alice-click", ...namesOf("alice")]);
    expect(shownTo("bob", spans)).toEqual(["bob-click", ...namesOf("bob")]);
  });

  test.each(["alice-click", "alice-request", "alice-start", "alice-call", "alice-gate", "unheard-of"])(
    "A4: naming the span %s as the parent shows nothing of it, and adds nothing to its owner's picture",
    (parent) => {
      const spans = [click("alice-click"), ...runOf("alice", "alice-click"), ...runOf("bob", parent)];
      expect(shownTo("bob", spans)).toEqual(namesOf("bob"));
      const ownClick = parent === "alice-click" ? [] : ["alice-click"];
      expect(shownTo("alice", spans)).toEqual([...ownClick, ...namesOf("alice")]);
    },
  );

  test("A4: a request without a result, or for another purpose, is not shown", () => {
    const spans = [
      ...runOf("bob"),
      span("refused", undefined, { ...SERVER, [USER]: "alice" }),
      span("sign-in", undefined, SERVER),
      span("sign-in-step", "sign-in"),
      span("its-parent-is-missing", "not-here"),
    ];
    expect(shownTo("bob", spans)).toEqual(namesOf("bob"));
  });
});

test("another run of the same user in the same trace is another picture", () => {
  const second = runOf("alice").map((entry) => ({
    ...entry,
    spanID: entry.spanID.replace("alice", "second"),
    references: entry.references.map((reference) => ({
      ...reference,
      spanID: reference.spanID.replace("alice", "second"),
    })),
    tags: entry.tags.map((tag) => (tag.key === RUN ? { ...tag, value: "second-1" } : tag)),
  }));
  expect(shownTo("alice", [...runOf("alice"), ...second])).toEqual(namesOf("alice"));
  expect(shownTo("alice", [...runOf("alice"), ...second.map((entry) => ({ ...entry }))], [])).toEqual([]);
});

test("spans below an unfinished span are shown", () => {
  const growing = runOf("alice").filter(({ spanID }) => /call|gate/.test(spanID));
  expect(shownTo("alice", growing, ["alice-start", "alice-run"])).toEqual(["alice-call", "alice-gate"]);
  expect(shownTo("alice", growing, ["alice-start"])).toEqual([]);
});

test("a loop among the parents ends", () => {
  const spans = [span("a", "b"), span("b", "a"), span("c", "a")];
  expect(shownTo("alice", spans, ["a"])).toEqual(["a", "b", "c"]);
  expect(shownTo("alice", spans)).toEqual([]);
});

import { readFileSync } from "node:fs";
import { type Message, messageMeaning, type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { CompareRuns } from "../../../src/features/compare/compare-runs.tsx";
import { countsOf, otherTask } from "../../../src/features/compare/counts.ts";
import { headOf } from "../../../src/features/compare/heads.ts";
import { traceOf } from "../../../src/features/compare/recording.ts";
import { compareRuns, sameTask } from "../../../src/features/compare/rows.ts";

function recorded(name: string): ProtocolRun {
  const file = new URL(`../../../src/features/compare/recorded/${name}.json`, import.meta.url);
  return readProtocolRun([traceOf(JSON.parse(readFileSync(file, "utf8")))]);
}

const february = recorded("february-2026");
const runs = { "person-server": recorded("person-server"), federated: recorded("federated") };

describe.each(Object.entries(runs))("February beside %s", (name, draft11) => {
  const rows = compareRuns(february, draft11);

  test("has every message of both runs in one row, in the order it was sent", () => {
    expect(rows.flatMap((row) => row.february.map(({ number }) => number))).toEqual(
      february.messages.map(({ number }) => number),
    );
    expect(rows.flatMap((row) => row.draft11.map(({ number }) => number))).toEqual(
      draft11.messages.map(({ number }) => number),
    );
  });

  test("states the change of each row", () => {
    for (const { changed } of rows) expect(changed).toMatch(/^[A-Z].*\.$/);
    expect(new Set(rows.map(({ title }) => title)).size).toBe(rows.length);
  });

  test("has the access server if there is one", () => {
    const asked = rows.filter(({ id }) => id.endsWith("access-server"));
    expect(asked.map(({ february: left, draft11: right }) => [left.length, right.length])).toEqual(
      name === "federated"
        ? [
            [0, 1],
            [0, 1],
          ]
        : [],
    );
  });

  test("explains each message of draft -11", () => {
    for (const message of draft11.messages) {
      const meaning = messageMeaning(message, draft11);
      expect(meaning?.request.sections.length).toBeGreaterThan(0);
      expect(meaning?.answer?.sections.length).toBeGreaterThan(0);
    }
  });
});

test("a run of another task than the recording is said to be one", () => {
  const { messages } = february;
  const alone = messages.filter(({ to, interaction }) => to !== "market-analysis-agent" && !interaction);
  const parties = february.parties.filter(({ id }) => id !== "market-analysis-agent");
  expect(otherTask({ ...february, messages: alone, parties }, runs.federated)).toBe(
    "Your run: one agent, no person decides. The recording: two agents, a person decides; its second hop is left out here. Steps that exist in only one of the two tasks are not differences between the versions.",
  );
  for (const recording of Object.values(runs)) expect(otherTask(february, recording)).toBeUndefined();
  const rows = compareRuns({ ...february, messages: messages.slice(0, 4) }, runs.federated);
  expect(rows.some(({ id }) => id.startsWith("2-"))).toBe(true);
  expect(sameTask(rows, "february")).toEqual(rows.filter(({ id }) => id.startsWith("1-")));
  expect(sameTask(rows, "draft11")).toEqual(rows);
});

describe("the head of a message", () => {
  const rows = compareRuns(february, runs.federated);
  const row = (id: string) => rows.find((other) => other.id === id)!;
  const marked = (message: Message, other: Message | undefined, field: string) =>
    headOf(message, other)
      .find(({ name }) => name === field)
      ?.parts.flatMap(({ text, differs }) => (differs ? [text] : []))
      .join(" ");

  test("marks the words that the other side does not have", () => {
    const [left, right] = [row("1-call").february[0]!, row("1-call").draft11[0]!];
    expect(marked(left, right, "signature-input")).toBe('"nonce"');
    expect(marked(left, right, "agent-auth")).toContain("resource_token");
    expect(marked(right, left, "aauth-requirement")).toContain("person-token");
    expect(marked(right, left, "status")).toBe("");
  });

  test("omits values that differ from message to message", () => {
    const [left, right] = [row("1-call").february[0]!, row("1-call").draft11[0]!];
    expect(marked(left, right, "content-digest")).toBe("");
    const text = JSON.stringify([headOf(left, right), headOf(right, left)]);
    expect(text).toContain("created=…");
    expect(text).not.toMatch(/created=\d/);
  });

  test("marks no address, label, token, id or nonce, in any row", () => {
    for (const { february: left, draft11: right } of rows) {
      const lines = left.flatMap((message, index) => [
        ...headOf(message, right[index]),
        ...(right[index] ? headOf(right[index], message) : []),
      ]);
      const marks = lines.flatMap(({ parts, name }) =>
        name === "status" ? [] : parts.filter(({ differs }) => differs).map(({ text }) => text),
      );
      expect(marks.filter((text) => /^(?:https?|\d+|sig\d*|"?…"?)$|eyJ|ephemeral/.test(text))).toEqual([]);
    }
  });

  test("marks a field as changed that the other side lacks, and no equal field", () => {
    const [left, right] = [row("1-call").february[0]!, row("1-call").draft11[0]!];
    const changed = (of: Message, beside: Message) =>
      headOf(of, beside).flatMap(({ name, isChanged }) => (isChanged ? [name] : []));
    expect(changed(left, right)).toContain("agent-auth");
    expect(changed(right, left)).toContain("aauth-capabilities");
    for (const name of ["status", "content-digest", "cache-control"]) {
      expect(changed(left, right)).not.toContain(name);
      expect(changed(right, left)).not.toContain(name);
    }
  });

  test("marks nothing if the other side has no message", () => {
    const [alone] = row("1-access-server").draft11;
    expect(headOf(alone!, undefined).flatMap(({ parts }) => parts.filter(({ differs }) => differs))).toEqual(
      [],
    );
  });
});

test("a run in numbers counts each token once", () => {
  const { messages, signed, tokens } = countsOf(february.messages);
  expect([messages, signed]).toEqual([10, 7]);
  expect(tokens).toBeGreaterThan(2);
  expect(countsOf([...february.messages, ...february.messages]).tokens).toBe(tokens);
});

test("a recording has no whole token and no code", () => {
  for (const name of ["february-2026", "person-server", "federated"]) {
    const text = readFileSync(
      new URL(`../../../src/features/compare/recorded/${name}.json`, import.meta.url),
      "utf8",
    );
    expect(text).not.toMatch(/eyJ[\w-]{20,}/);
    expect(text).not.toMatch(/code=\\*"[A-Z0-9-]{4,}/);
    expect(text.length).toBeLessThan(65_536);
  }
});

test("polls that were answered with not yet are one message, with their number and time", () => {
  const run = runs["person-server"];
  const poll = run.messages.find(({ requestType }) => requestType === "poll")!;
  const waiting = [0, 3, 9].map((second) => ({
    ...poll,
    id: `poll-${second}`,
    outcome: "waiting" as const,
    startMicros: second * 1_000_000,
    endMicros: second * 1_000_000,
  }));
  const messages = [...run.messages.filter((message) => message !== poll), ...waiting];
  const html = renderToStaticMarkup(
    createElement(CompareRuns, { february, draft11: { ...run, messages }, renderMessage: () => null }),
  );
  expect(html.match(/3 polls, 9 s/g)?.length).toBe(1);
  expect(html.split("poll for the answer").length - 1).toBe(0);
});

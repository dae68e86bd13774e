/** The table behind `npm run test:holes`: that it has every row, still fits the code, and is judged as it should be. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { judgeMutations } from "../../scripts/holes/judge-mutations.ts";
import type { Mutation } from "../../scripts/holes/mutation.ts";
import { MUTATIONS } from "../../scripts/holes/mutations.ts";
import type { TestOutcome } from "../../scripts/holes/run-tests.ts";

const source = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8");

test("every known hole has a check that is taken out", () => {
  const rows = [...source("docs/reference/known-holes.md").matchAll(/^\| ([PJGDB]\d+) \|/gm)].map(
    ([, id]) => id,
  );
  expect(rows.length).toBeGreaterThan(60);
  const ids = new Set(MUTATIONS.map(({ id }) => id));
  expect(rows.filter((id) => !ids.has(id!))).toEqual([]);
});

test.each(MUTATIONS.map((mutation) => [`${mutation.id}: ${mutation.without}`, mutation] as const))(
  "%s: the check is still there",
  (_name, { edits, test: [file] }) => {
    for (const [name, search] of edits)
      expect([name, source(name).split(search).length - 1]).toEqual([name, 1]);
    expect(source(file)).toContain("expect");
  },
);

describe("a mutation", () => {
  const mutation: Mutation = {
    id: "P1",
    without: "x",
    edits: [["a.ts", "a", "b"]],
    test: ["t.test.ts", "P1"],
  };
  const good: TestOutcome = { passed: ["all P1: refused"], failed: [], output: "" };

  /** Judges it with these outcomes: as the code is, and with the check gone. */
  async function judged(before: TestOutcome, after: TestOutcome, edit = async () => {}) {
    const outcomes = [before, after];
    let undone = 0;
    const copy = {
      root: "/nowhere",
      async edit() {
        await edit();
        return async () => void undone++;
      },
    };
    const { value } = await judgeMutations([mutation], copy, async () => outcomes.shift()!).next();
    return { verdict: value?.verdict, undone };
  }

  test("is noticed when its tests fail, and is undone", async () => {
    const after = { passed: [], failed: ["all P1: refused"], output: "" };
    expect(await judged(good, after)).toEqual({ verdict: "noticed", undone: 1 });
  });

  test.each<[string, TestOutcome, TestOutcome, string, number]>([
    ["passes its tests", good, good, "nobody noticed", 1],
    [
      "keeps them from running",
      good,
      { passed: [], failed: [], output: "boom" },
      "could not be run: boom",
      1,
    ],
    ["has tests that fail anyway", { ...good, failed: ["P1: x"] }, good, "fail without any change: P1: x", 0],
    ["has no tests", { ...good, passed: ["P2: x"] }, good, "no such tests", 0],
  ])("that %s is a failure", async (_what, before, after, verdict, undone) => {
    expect(await judged(before, after)).toEqual({ verdict: expect.stringContaining(verdict), undone });
  });

  test("that no longer fits the code is a failure", async () => {
    const refuse = async () => {
      throw new Error("a.ts has not exactly once: a");
    };
    const outcome = await judged(good, good, refuse);
    expect(outcome).toMatchObject({ verdict: expect.stringContaining("no longer fits the code") });
  });
});

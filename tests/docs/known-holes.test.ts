/** Every known hole is named once, with tests that carry its id. */

import { expect, test } from "vitest";
import { KNOWN_HOLES, testsById } from "../../scripts/holes/known-holes.ts";
import { rowOf } from "../../scripts/holes/marked-checks.ts";

/** Letters whose rows are numbered without a gap. */
const NUMBERED = "PJGDBATEXUK";
const IDS = KNOWN_HOLES.map(({ id }) => id);

test("every hole has one row, in order", () => {
  const numbered = IDS.filter((id) => NUMBERED.includes(id[0]!));
  expect(numbered.length).toBeGreaterThan(195);
  const counts = new Map<string, number>();
  const expected = numbered.map(([letter = ""]) => {
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
    return `${letter}${counts.get(letter)}`;
  });
  expect(numbered).toEqual(expected);
  expect(new Set(IDS).size).toBe(IDS.length);
});

test("every hole is shown by tests that carry its id, and every id of a test has a row", () => {
  expect(IDS.filter((id) => !testsById.has(id))).toEqual([]);
  const known = new Set(IDS);
  expect([...testsById.keys()].filter((id) => !known.has(id) && !known.has(rowOf(id)))).toEqual([]);
});

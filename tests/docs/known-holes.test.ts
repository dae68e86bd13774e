/** Every known hole is named once, with tests that carry its id. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { KNOWN_HOLES } from "../../scripts/holes/known-holes.ts";

/** Letters whose rows are numbered without a gap. */
const NUMBERED = "PJGDBATEXUK";

test("every hole has one row, in order, with our response", () => {
  const numbered = KNOWN_HOLES.map(({ id }) => id).filter((id) => NUMBERED.includes(id[0]!));
  expect(numbered.length).toBeGreaterThan(195);
  const counts = new Map<string, number>();
  const expected = numbered.map(([letter = ""]) => {
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
    return `${letter}${counts.get(letter)}`;
  });
  expect(numbered).toEqual(expected);
  expect(new Set(KNOWN_HOLES.map(({ id }) => id)).size).toBe(KNOWN_HOLES.length);
  for (const { id, title, what, refusal } of KNOWN_HOLES)
    expect(title && what && refusal, id).toMatch(/^[^|]+$/);
});

test.each(KNOWN_HOLES.map(({ id, tests }) => [id, tests] as const))(
  "%s is shown by tests that carry its id",
  async (id, tests) => {
    // A title such as `P7, D10: …`, or the row of a table of cases.
    const title = new RegExp(`["\`](?:[A-Z]\\d+[a-z]?, )*${id}(?:(?:, [A-Z]\\d+[a-z]?)*: |")`);
    for (const path of tests) expect(await readFile(`${REPOSITORY_ROOT}${path}`, "utf8")).toMatch(title);
  },
);

/** The page of known holes names every hole once, with links to the tests that carry its id. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const PAGE = new URL("../../docs/reference/known-holes.md", import.meta.url);
/** Letters whose rows are numbered without a gap. */
const NUMBERED = "PJGDBATEXUK";

interface Row {
  readonly id: string;
  /** Paths of the tests, relative to the page. */
  readonly tests: readonly string[];
  readonly cells: readonly string[];
}

const rows: readonly Row[] = (await readFile(PAGE, "utf8"))
  .split("\n")
  .filter((line) => /^\| \[[A-Z]\d+[a-z]?\]/.test(line))
  .map((line) => {
    const [links = "", ...cells] = line.slice(2, -2).split(" | ");
    const tests = [...links.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
    return { id: /\[(\w+)\]/.exec(links)?.[1] ?? "", tests, cells };
  });

test("every hole has one row, in order, with our response", () => {
  const numbered = rows.map(({ id }) => id).filter((id) => NUMBERED.includes(id[0]!));
  expect(numbered.length).toBeGreaterThan(195);
  const counts = new Map<string, number>();
  const expected = numbered.map(([letter = ""]) => {
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
    return `${letter}${counts.get(letter)}`;
  });
  expect(numbered).toEqual(expected);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  for (const { id, cells } of rows) expect([id, cells.length]).toEqual([id, 2]);
});

test.each(rows.map(({ id, tests }) => [id, tests] as const))(
  "%s is shown by tests that carry its id",
  async (id, tests) => {
    expect(tests).not.toEqual([]);
    // A title such as `P7, D10: …`, or the row of a table of cases.
    const title = new RegExp(`["\`](?:[A-Z]\\d+[a-z]?, )*${id}(?:(?:, [A-Z]\\d+[a-z]?)*: |")`);
    for (const path of tests) {
      expect(await readFile(new URL(path, PAGE), "utf8")).toMatch(title);
    }
  },
);

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { MUTATIONS } from "../../scripts/holes/mutations.ts";

test("every known hole has a check that is taken out", () => {
  const page = readFileSync(`${REPOSITORY_ROOT}docs/reference/known-holes.md`, "utf8");
  const rows = [...page.matchAll(/^\| ([PJGDB]\d+) \|/gm)].map(([, id]) => id!);
  expect(rows.length).toBeGreaterThan(60);
  const ids = new Set(MUTATIONS.map(({ id }) => id));
  expect(rows.filter((id) => !ids.has(id))).toEqual([]);
});

// Whether its test notices, only `npm run test:holes` says, in half an hour; whether the table still fits the code can be told here.
test.each(MUTATIONS.map((mutation) => [`${mutation.id}, without ${mutation.without}`, mutation] as const))(
  "can be taken out: %s",
  (_, { edits, test: [testFile] }) => {
    const texts = new Map<string, string>();
    for (const [file, search, replacement] of edits) {
      const text = texts.get(file) ?? readFileSync(`${REPOSITORY_ROOT}${file}`, "utf8");
      expect(text.split(search), search).toHaveLength(2);
      texts.set(
        file,
        text.replace(search, () => replacement),
      );
    }
    expect(existsSync(`${REPOSITORY_ROOT}${testFile}`), testFile).toBe(true);
  },
);

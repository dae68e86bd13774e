import { expect, test } from "vitest";
import { ALL_ROWS } from "../../packages/aauth-conformance/src/roles/all.ts";
import { conformanceMutations, mutantTable } from "../../scripts/holes/conformance-mutants.ts";

const refusing = ALL_ROWS.filter(({ level, polarity }) => level === "must" && polarity === "refuse");
const { mutants, without } = mutantTable();
const caught = new Set(Object.values(mutants).flatMap((checks) => Object.values(checks).flat()));

test("each refusing must row has a mutant, or the reason why not", () => {
  const ids = refusing.map(({ id }) => id);
  expect([...caught].filter((id) => !ids.includes(id))).toEqual([]);
  const open = ids.filter(
    (id) => !caught.has(id) && !Object.keys(without).some((start) => id.startsWith(start)),
  );
  expect(open).toEqual([]);
});

test("the code still has the check of each mutant, and twelfths cover all", () => {
  const all = conformanceMutations();
  const parts = Array.from({ length: 12 }, (_, index) => conformanceMutations(String(index + 1)));
  expect(parts.flat()).toHaveLength(all.length);
  expect(() => conformanceMutations("13")).toThrow(RangeError);
});

import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { localProgram } from "../../scripts/run-program.ts";

/** A statement as the linter mends it with the repository's settings. */
function mended(statement: string): string {
  const args = ["lint", "--stdin-file-path=scripts/sample.ts", "--write", "--unsafe"];
  const options = { cwd: REPOSITORY_ROOT, input: statement, encoding: "utf8" } as const;
  return spawnSync(localProgram("biome"), args, options).stdout.replaceAll(/\s+/g, " ");
}

test.each([
  ["export const value = { a: 1, ...{ b: 2 } };", "export const value = { a: 1, b: 2 };"],
  ["export const value = [1, ...[2, 3]];", "export const value = [1, 2, 3];"],
])("the linter refuses a spread that only joins lines: %s", (statement, wanted) => {
  expect(mended(statement)).toBe(wanted);
});

test("the linter accepts a spread that depends on a condition", () => {
  const statement = "export const of = (b?: number) => ({ a: 1, ...(b !== undefined && { b }) });";
  expect(mended(statement)).toBe(statement);
});

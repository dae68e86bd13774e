import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { isNoticed } from "../../scripts/holes/judge-mutations.ts";
import { KNOWN_HOLES } from "../../scripts/holes/known-holes.ts";
import { checksIn, markedMutations, rowOf } from "../../scripts/holes/marked-checks.ts";
import { checksOf } from "../../scripts/holes/select-mutations.ts";
import { commitAll, GIT_OF_COPY } from "../../scripts/holes/tree-copy.ts";
import { runProgram } from "../../scripts/run-program.ts";

const MUTATIONS = markedMutations();

test("every known hole has a check that is taken out", () => {
  const rows = KNOWN_HOLES.map(({ id }) => id).filter((id) => /^[PJGDBTUX]\d+$/.test(id));
  expect(rows.length).toBeGreaterThan(100);
  const ids = new Set(MUTATIONS.map(({ id }) => rowOf(id)));
  expect(rows.filter((id) => !ids.has(id))).toEqual([]);
});

test("a mark stands for a whole statement, operand or property", () => {
  const texts = (source: string) => checksIn(source).map(({ text }) => text);
  expect(texts("a();\nb(); // hole T1\nc();")).toEqual(["b(); // hole T1"]);
  expect(texts("// hole T1\nif (\n  a\n) {\n  b();\n\n  c();\n}\nd();")).toEqual([
    "// hole T1\nif (\n  a\n) {\n  b();\n\n  c();\n}",
  ]);
  expect(texts("a();\nb({\n  c,\n}); // hole S1a\nd();")).toEqual(["b({\n  c,\n}); // hole S1a"]);
  expect(texts("const a =\n  b || // hole T1\n  c;")).toEqual(["  b || // hole T1"]);
});

test.each([
  ["a(); // hole T1", [["T1"], ""]],
  ["// hole T1, S2a+\nif (a) {\n  b();\n}", [["T1", "S2a+"], ""]],
  ["const a: A = b(); // hole T1: c()", [["T1"], "const a: A = c();"]],
  ["// hole T1: c\nconst a =\n  b ||\n  c;", [["T1"], "\nconst a =\nc;"]],
  ["  return b(); // hole T1: true", [["T1"], "  return true;"]],
  ["  a: b(), // hole T1: [b, c]", [["T1"], "  a: [b, c],"]],
  ["// hole T1: if (a) return;\nif (a || b) return;", [["T1"], "if (a) return;"]],
])("the mutation of %j is %j", (source, expected) => {
  expect(checksIn(source).map(({ ids, instead }) => [ids, instead])).toEqual([expected]);
});

// Only `npm run test:holes` shows whether a test notices, in 40 minutes. This checks that each mark
// has a row with tests, and its code is unambiguous.
test.each(MUTATIONS.map((mutation) => [`${mutation.id}, without ${mutation.without}`, mutation] as const))(
  "can be taken out: %s",
  (_, { edits, runs }) => {
    const testFile = runs[0]?.[1] ?? "";
    const texts = new Map<string, string>();
    for (const [file, search, replacement] of edits) {
      const text = texts.get(file) ?? readFileSync(`${REPOSITORY_ROOT}${file}`, "utf8");
      expect(text.split(search), search).toHaveLength(2);
      texts.set(
        file,
        text.replace(search, () => replacement),
      );
    }
    expect(testFile !== "" && existsSync(`${REPOSITORY_ROOT}${testFile}`), testFile).toBe(true);
  },
);

test("a removed check is noticed by a test that passes without the removal", async () => {
  const failed = [{ file: "a.ts", test: "b" }];
  expect(await isNoticed({ failed }, async () => ({ passed: ["b"] }))).toBe(true);
  expect(await isNoticed({ failed }, async () => ({ passed: [] }))).toBe(false);
  expect(await isNoticed({ failed: [] }, async () => ({ passed: ["b"] }))).toBe(false);
});

test("a copy is a separate repository, whatever the user's git signs, runs and works on", async () => {
  const root = await mkdtemp(join(tmpdir(), "copy-"));
  onTestFinished(() => void vi.unstubAllEnvs());
  onTestFinished(() => rm(root, { recursive: true }));
  const hook = join(root, "pre-commit");
  await writeFile(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const settings = [
    ["commit.gpgsign", "true"],
    ["gpg.program", "false"],
    ["core.hooksPath", root],
  ];
  const config = join(root, "config");
  for (const setting of settings) execFileSync("git", ["config", "--file", config, ...setting]);
  vi.stubEnv("GIT_CONFIG_GLOBAL", config);
  const names = Object.keys(GIT_OF_COPY);
  expect(names).toEqual(["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]);
  for (const name of names) vi.stubEnv(name, join(root, "elsewhere"));
  await commitAll(root);
  const shown = await runProgram("git", ["ls-files"], { output: "caught", cwd: root, env: GIT_OF_COPY });
  expect(shown).toEqual({ status: 0, output: "config\npre-commit\n" });
});

test("a check is an `if` without `else` that ends with a new error or a refusal", () => {
  const source = `export function f(x: unknown) {
  if (x === 1) throw new Error("one");
  if (x === 2) {
    void x;
    return problemAnswer(400, "two");
  }
  if (x === 3) return undefined;
  if (x === 4) return false;
  try {
    if (x === 5) fail("five");
    else more(x);
    if (x === 6) {
      throw refused(
        "six",
      );
    }
  } catch (error) {
    if (x === 7) throw error;
  }
}
`;
  const checks = checksOf("packages/aauth/src/a.ts", source);
  expect(checks.map(({ id }) => Number(id.split(":")[1]))).toEqual([2, 3, 8, 12]);
  const removed = source.replace('  if (x === 1) throw new Error("one");\n', "");
  expect(checks[0]).toMatchObject({
    without: 'if (x === 1) throw new Error("one");',
    edits: [["packages/aauth/src/a.ts", source, removed]],
  });
});

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { findChecks } from "../../scripts/holes/find-checks.ts";
import { verdictOnRun } from "../../scripts/holes/judge-mutations.ts";
import { checksIn, markedChecks, rowOf } from "../../scripts/holes/marked-checks.ts";
import { allMutations } from "../../scripts/holes/mutations.ts";
import { commitAll, GIT_OF_COPY } from "../../scripts/holes/tree-copy.ts";
import { runProgram } from "../../scripts/run-program.ts";

const MUTATIONS = allMutations();

test("every known hole has a check that is taken out", () => {
  const page = readFileSync(`${REPOSITORY_ROOT}docs/reference/known-holes.md`, "utf8");
  const rows = [...page.matchAll(/^\| \[([PJGDBTU]\d+)\]/gm)].map(([, id]) => id!);
  expect(rows.length).toBeGreaterThan(100);
  const ids = new Set(MUTATIONS.map(({ id }) => rowOf(id)));
  expect(rows.filter((id) => !ids.has(id))).toEqual([]);
});

test("every mark in the code has a row", () => {
  const ids = new Set(MUTATIONS.map(({ id }) => id));
  const marks = markedChecks(REPOSITORY_ROOT);
  expect(marks.length).toBeGreaterThan(70);
  expect(marks.filter(({ id }) => !ids.has(id))).toEqual([]);
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

// Only `npm run test:holes` shows whether a test notices, in 40 minutes. This checks that the table
// still matches the code.
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

test.each([
  ["a failed test", { failed: [{ file: "a.ts", test: "b" }] }, /^noticed$/],
  ["a run that exceeds its time", { isOutOfTime: true }, /exceeded its time/],
  [
    "a file that cannot be run",
    { broken: [{ file: "a.ts", message: "ends" }] },
    /a\.ts could not be run: ends/,
  ],
])("%s notices a removed check; a hole's is noticed by the first alone", async (_, change, ofHole) => {
  const outcome = { isOutOfTime: false, failed: [], broken: [], ...change };
  const untouched = async () => ({ passed: ["b"], broken: [] });
  expect(await verdictOnRun(outcome, "failed run", untouched)).toBe("noticed");
  expect(await verdictOnRun(outcome, "failed test", untouched)).toMatch(ofHole);
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

test("a check is an `if` that throws a new error or returns a refusal", async () => {
  const root = await mkdtemp(join(tmpdir(), "checks-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, "tsconfig.json"), '{ "files": ["a.ts"] }');
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
  } catch (error) {
    if (x === 6) throw error;
  }
}
`;
  await writeFile(join(root, "a.ts"), source);
  const checks = findChecks(root, ["a.ts", "b.ts"]);
  expect(checks.map(({ line }) => line)).toEqual([2, 3, 8, 10]);
  expect(checks[0]).toEqual({
    file: "a.ts",
    line: 2,
    text: 'if (x === 1) throw new Error("one");',
    edit: ["a.ts", source, source.replace("x === 1", "(x === 1) && false")],
  });
});

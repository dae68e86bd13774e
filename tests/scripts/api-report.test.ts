import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { apiReport } from "../../scripts/api-report.ts";

/** Report of a package with these files of declarations; `index` and `other` are its entries. */
function reportOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "api-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.d.ts`), text);
  const entries = Object.entries({ ".": "index", "./other": "other" });
  return apiReport(
    "a",
    Object.fromEntries(entries.map(([entry, name]) => [entry, join(folder, `${name}.d.ts`)])),
    { "#own": join(folder, "own.js") },
  );
}

test("shows each declaration once, wherever it is, and nothing that is not exported", () => {
  const report = reportOf({
    index: [
      '/** A comment. */\nexport { renamed as shown } from "./parts.js";',
      'export * from "#own";',
      'import type { Foreign } from "elsewhere";\nexport type { Foreign };',
      "interface Hidden {\n    a: string;\n}",
      "",
    ].join("\n"),
    other: 'export { renamed as shown } from "./parts.js";\n',
    own: "export declare function twice(a: string): void;\nexport declare function twice(a: number): void;\n",
    parts: "declare const renamed: 1;\nexport { renamed };\n",
  });
  expect(report.split("\n")).toEqual([
    "# a: 3 names",
    "",
    "Foreign: Foreign of elsewhere",
    "declare const renamed: 1;",
    "function twice(a: string): void;",
    "function twice(a: number): void;",
    "",
    "# a/other: 1 names",
    "",
    "shown: see a",
    "",
  ]);
});

test("an export that it cannot read, or whose declaration is missing, is an error", () => {
  expect(() => reportOf({ index: "export default 1;\n", other: "" })).toThrow("not read: export default 1;");
  expect(() => reportOf({ index: "export { a };\n", other: "" })).toThrow("a is not declared");
});

const AAUTH = readFileSync(new URL("../../packages/aauth/api.txt", import.meta.url), "utf8");

/** Declarations of the package `aauth` by entry, each as its kind and its name. */
const surface = new Map(
  AAUTH.split(/^# /m)
    .slice(1)
    .map((text): [string, string[]] => [
      text.split(":", 1)[0]!,
      text.match(/^(?:declare )?(?:class|const|function|interface|type) \w+|^\w+(?=: see )/gm) ?? [],
    ]),
);
const nameOf = (declaration: string) => declaration.split(" ").at(-1)!;

test("the entry of February 2026 repeats no name of another entry", () => {
  const { "aauth/february-2026": own = [], ...others } = Object.fromEntries(surface);
  const names = Object.values(others).flat().map(nameOf);
  expect(own.length).toBeGreaterThan(20);
  expect(own.map(nameOf).filter((name) => names.includes(name))).toEqual([]);
});

test("aauth exports at most 83 values in nine entries", () => {
  const values = [...surface.values()].map(
    (own) => new Set(own.filter((name) => /class|const|function/.test(name)).map(nameOf)).size,
  );
  expect(values.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(83);
  expect(surface.size).toBeLessThanOrEqual(9);
});

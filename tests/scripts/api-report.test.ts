import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { copyTree } from "../holes/tree-copy.ts";
import { localProgram } from "../run-program.ts";
import { runChecks } from "../static-checks.ts";
import type { PartResult } from "../test-report.ts";

const NAME = "february-2026";
const SOURCES = "{packages,services,ui,scripts,bench,compose}/**/*.{ts,tsx}";
/** An import from a folder or an entry point of the dialect. */
const IMPORT = new RegExp(`^import (?:type )?\\{([^}]*)\\} from "[^"]*\\b${NAME}\\b[^"]*";\n`, "gm");
/** A row in the list of profiles, or one that names a program of its folder. */
const OWN_ROW = new RegExp(`^ *(?:"${NAME}"|[\\w"-]+: "${NAME}/[^"]*"),.*\n`, "gm");

/** Tests of draft -11 alone. The last starts the demo, and runs the optimization in each mode. */
const TESTS = [
  "packages/aauth/test/draft-11/",
  "packages/aauth-explain/test/draft-11",
  "tests/conformance/",
  "tests/integration/draft-11.test.ts",
];

/**
 * Deletes February 2026 in a copy of the tree, and checks that what is left needs nothing of it:
 * types of production code, build of the page, tests of draft -11, and runs of the demo. Does NOT
 * check types of tests, of which many compare the two dialects.
 */
export async function judgeWithoutFebruary(): Promise<readonly PartResult[]> {
  const { root, remove } = await copyTree(REPOSITORY_ROOT);
  process.once("exit", remove);
  for (const folder of globSync(`**/${NAME}`, { cwd: root, exclude: ["**/node_modules"] }))
    rmSync(join(root, folder), { recursive: true });
  const used = globSync(SOURCES, { cwd: root, exclude: ["**/{node_modules,test}/**"] }).flatMap((path) => {
    const file = join(root, path);
    const { source, left } = withoutDialect(readFileSync(file, "utf8"));
    writeFileSync(file, source);
    return left.map((name) => `${path} uses ${name} beyond one row`);
  });
  for (const name of ["tsconfig.json", "ui/tsconfig.json"]) {
    const config = JSON.parse(readFileSync(join(root, name), "utf8"));
    const include = config.include.filter((path: string) => !/\btests?$/.test(path));
    writeFileSync(join(root, name), JSON.stringify({ ...config, include }));
  }
  const tsc = localProgram("tsc");
  const vite = join(root, "ui/node_modules/vite/bin/vite.js");
  const node = process.execPath;
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run"];
  const result = await runChecks(
    "stack without February",
    [
      { name: "types", program: tsc, args: ["-p", "tsconfig.json"] },
      { name: "types of the web page", program: tsc, args: ["-p", "ui/tsconfig.json"] },
      { name: "build of the web page", program: node, args: [vite, "build", "ui"] },
      { name: "tests and demo of draft -11", program: node, args: [...vitest, ...TESTS] },
    ],
    root,
  );
  remove();
  return [{ ...result, failures: [...used, ...result.failures] }];
}

/** The source without the dialect's registration, and the names that it uses elsewhere. */
export function withoutDialect(source: string): { source: string; left: string[] } {
  const names: string[] = [];
  const unimported = source.replaceAll(IMPORT, (_, list: string) => {
    names.push(
      ...list.split(",").flatMap(
        (name) =>
          name
            .trim()
            .split(/^type | as /)
            .at(-1) || [],
      ),
    );
    return "";
  });
  const text = names.reduce(withoutRow, unimported.replaceAll(OWN_ROW, ""));
  return { source: text, left: names.filter((name) => new RegExp(`\\b${name}\\b`).test(text)) };
}

/** Removes a name from the list or table that has it. */
const withoutRow = (source: string, name: string): string =>
  source
    .replace(new RegExp(`^ *(?:[\\w"-]+: )?${name},\n`, "m"), "")
    .replace(new RegExp(`, ${name}(?=[,\\]])|(?<=\\[)${name}, `), "");

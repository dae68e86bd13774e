import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { listedFiles } from "../listed-files.ts";
import type { PartResult } from "../test-report.ts";
import { type Check, findChecks } from "./find-checks.ts";
import { judgeAndPrint } from "./judge-and-print.ts";
import type { Mutation } from "./mutation.ts";

/** Packages whose checks are taken out. */
const FOLDERS = [
  "packages/aauth",
  "services/auth-server",
  "services/person-server",
  "services/gateway-authz",
  "services/backend",
  "services/supply-chain-agent",
];
const SHARE = 1 / 10;
/** So many of those that are taken out must be noticed. */
const NOTICED_SHARE = 19 / 20;
/** Arguments of vitest: the unit tests that load the changed file, until one fails. */
const UNIT = ["--changed", "--bail=1", "--passWithNoTests", "--project", "unit", "--project", "isolated"];
/** The tests of a service that runs as a process. */
const CONTRACT = ["--bail=1", "--project", "contract"];

/**
 * A tenth of the checks, in an order that depends on the seed and the code of each check alone.
 *
 * @param seed default 1
 * @param paths how the files begin; all of them without
 */
export function sampleOfChecks(seed = "1", paths: readonly string[] = []): readonly Mutation[] {
  const files = listedFiles(REPOSITORY_ROOT).filter(
    (file) =>
      FOLDERS.some((folder) => file.startsWith(`${folder}/src/`)) &&
      file.endsWith(".ts") &&
      (paths.length === 0 || paths.some((path) => file.startsWith(path))),
  );
  const checks = findChecks(REPOSITORY_ROOT, files);
  const rank = ({ file, text }: Check) =>
    createHash("sha256").update(`${seed} ${file} ${text}`).digest("hex");
  return checks
    .map((check) => ({ check, rank: rank(check) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, Math.ceil(checks.length * SHARE))
    .map(({ check }) => mutationOf(check));
}

/**
 * Unit tests of the package that load the file, those of its own folder first; then the contract of
 * the service, where it has one.
 */
function mutationOf({ file, line, text, edit }: Check): Mutation {
  const tests = file.replace("/src/", "/test/");
  const folders = [tests.slice(0, tests.lastIndexOf("/") + 1), tests.replace(/\/test\/.*/, "/test/")];
  const contract = `tests/contract/${file.split("/")[1]}/`;
  const runs = [
    ...[...new Set(folders)].map((folder) => ["run", folder, ...UNIT]),
    ...(existsSync(join(REPOSITORY_ROOT, contract)) ? [["run", contract, ...CONTRACT]] : []),
  ];
  return { id: `${file}:${line}`, without: text, edits: [edit], runs };
}

/** Judges these mutations: 19 of 20 must be noticed. The others are listed. */
export async function runMutants(mutations: readonly Mutation[]): Promise<PartResult> {
  const { misses, tookMs } = await judgeAndPrint(mutations);
  const passed = mutations.length - misses.length;
  const notes = misses.map(({ id, without }) => `No test notices: ${id}: ${without}`);
  const failures =
    passed >= mutations.length * NOTICED_SHARE ? [] : [`${passed} of ${mutations.length} noticed`];
  return { part: "mutants", passed, skipped: 0, failures, notes, tookMs };
}

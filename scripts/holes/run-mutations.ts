import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { listedFiles } from "../listed-files.ts";
import type { PartResult } from "../test-report.ts";
import { type Check, findChecks } from "./find-checks.ts";
import { type Notice, verdictsOn } from "./judge-mutations.ts";
import { rowOf } from "./marked-checks.ts";
import type { Mutation } from "./mutation.ts";
import { allMutations } from "./mutations.ts";
import { copyTree } from "./tree-copy.ts";

/** Packages whose checks are removed. */
const FOLDERS = [
  "packages/aauth",
  "packages/aauth-a2a",
  "packages/agent-kit",
  "packages/fastify-aauth",
  "packages/gateway-check",
  "packages/issuer-kit",
  "packages/mcp-aauth",
  "services/auth-server",
  "services/person-server",
  "services/backend",
  "services/gateway",
  "services/supply-chain-agent",
];
/** Services whose tests also judge a package that has few tests. */
const TESTED_BY: Readonly<Record<string, string>> = {
  "packages/gateway-check": "services/gateway-authz",
  "packages/issuer-kit": "services/auth-server",
};
const SHARE = 1 / 10;
/** Share of the removed checks that must be noticed, and the evidence that is accepted. */
const DEMANDS: Readonly<Record<"holes" | "mutants", { share: number; notice: Notice }>> = {
  holes: { share: 1, notice: "failed test" },
  mutants: { share: 19 / 20, notice: "failed run" },
};
/** Arguments of vitest: the unit tests that load the changed file, until one fails. */
const UNIT = ["--changed", "--bail=1", "--passWithNoTests", "--project", "unit", "--project", "isolated"];
/** The tests of a service that runs as a process. */
const CONTRACT = ["--bail=1", "--project", "contract"];
const SUMMARY_CHARACTERS = 64;

/**
 * The mutations whose id is one of the words, or begins with a word of one letter; all without
 * words.
 *
 * @throws RangeError for an unknown id
 */
export function holesNamed(words: readonly string[]): readonly Mutation[] {
  const isNamedBy = (word: string, id: string) =>
    [id, rowOf(id)].includes(word) || (/^[A-Z]$/.test(word) && id[0] === word);
  const mutations = allMutations();
  const ids = [...new Set(mutations.map(({ id }) => id))];
  const unknown = words.find((word) => !ids.some((id) => isNamedBy(word, id)));
  if (unknown !== undefined)
    throw new RangeError(`No row has the id ${unknown}. There are: ${ids.join(" ")}`);
  return mutations.filter(({ id }) => words.length === 0 || words.some((word) => isNamedBy(word, id)));
}

/**
 * A tenth of the checks, in an order that depends only on the seed and the code of each check.
 *
 * @param seed default 1
 * @param paths prefixes of the files' paths; default all files
 * @throws RangeError if no file has the prefix, or these files have no check
 */
export function sampleOfChecks(seed = "1", paths: readonly string[] = []): readonly Mutation[] {
  const sources = listedFiles(REPOSITORY_ROOT).filter(
    (file) => FOLDERS.some((folder) => file.startsWith(`${folder}/src/`)) && file.endsWith(".ts"),
  );
  const unknown = paths.find((path) => !sources.some((file) => file.startsWith(path)));
  if (unknown !== undefined)
    throw new RangeError(`No source file begins with ${unknown}. There are: ${FOLDERS.join(", ")}`);
  const files = sources.filter((file) => paths.length === 0 || paths.some((path) => file.startsWith(path)));
  const checks = findChecks(REPOSITORY_ROOT, files);
  if (checks.length === 0) throw new RangeError(`${paths.join(" and ")}: no file has a check`);
  const rank = ({ file, text }: Check) =>
    createHash("sha256").update(`${seed} ${file} ${text}`).digest("hex");
  return checks
    .map((check) => ({ check, rank: rank(check) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, Math.ceil(checks.length * SHARE))
    .map(({ check }) => mutationOf(check));
}

/**
 * The mutation of a check, with the unit tests of the package that load its file, those of its
 * folder first, and then the contract of the service, if there is one.
 */
function mutationOf({ file, line, text, edit }: Check): Mutation {
  const [, owner = ""] = /^(.*)\/src\//.exec(file)!;
  const judge = TESTED_BY[owner] ?? owner;
  const tests = `${judge}/test/`;
  const beside = file.replace("/src/", "/test/").replace(/[^/]+$/, "");
  const contract = `tests/contract/${judge.split("/")[1]}/`;
  const isThere = (folder: string) => existsSync(join(REPOSITORY_ROOT, folder));
  const runs = [
    ...[...new Set([beside, tests])].filter(isThere).map((folder) => ["run", folder, ...UNIT]),
    ...(isThere(contract) ? [["run", contract, ...CONTRACT]] : []),
  ];
  return { id: `${file}:${line}`, without: text, edits: [edit], runs };
}

/** Judges mutations in a copy of the checkout, prints a line for each, and counts those noticed. */
export async function judgeMutations(
  part: keyof typeof DEMANDS,
  mutations: readonly Mutation[],
): Promise<readonly PartResult[]> {
  const startedAt = performance.now();
  const copy = await copyTree(REPOSITORY_ROOT);
  // Covers an interrupted run, too.
  process.once("exit", copy.remove);
  const width = Math.max(...mutations.map(({ id }) => id.length));
  const misses: string[] = [];
  for await (const { mutation, verdict, seconds } of verdictsOn(mutations, copy, DEMANDS[part].notice)) {
    const { id, without, runs } = mutation;
    const isNoticed = verdict === "noticed";
    const summary = without.slice(0, SUMMARY_CHARACTERS).padEnd(SUMMARY_CHARACTERS);
    console.log(
      `${isNoticed ? "ok  " : "FAIL"}  ${id.padEnd(width)} ${summary} ${`${seconds} s`.padStart(6)}`,
    );
    if (isNoticed) continue;
    console.log(`      ${verdict}: vitest ${runs.at(-1)?.join(" ")}`);
    misses.push(`No test notices: ${id}: ${without}`);
  }
  const passed = mutations.length - misses.length;
  const isEnough = passed >= mutations.length * DEMANDS[part].share;
  const found = isEnough ? { failures: [], notes: misses } : { failures: misses };
  return [{ part, passed, skipped: 0, ...found, tookMs: performance.now() - startedAt }];
}

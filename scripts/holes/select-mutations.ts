import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS, type Attack } from "backend-api";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { listedFiles } from "../listed-files.ts";
import { type Edit, endOf, type Mutation, markedMutations, rowOf } from "./marked-checks.ts";

/** Packages and services whose checks are sampled. */
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
/** Arguments of vitest: the unit tests that load the changed file, until one fails. */
const UNIT = ["--changed", "--bail=1", "--passWithNoTests", "--project", "unit", "--project", "isolated"];
/** The tests of a service that runs as a process. */
const CONTRACT = ["--bail=1", "--project", "contract"];
/**
 * The last statement of a branch that refuses: a new error, or words by which we name a refusal.
 */
const REFUSES =
  /(?:^|\) )\s*(?:throw (?!\w+;)|return false;|(?:return\b.*|[\w.]*)(?:refus|den[iy]|reject|fail|problem|invalid|forbid|unauthori|malformed|unsupported|expired|not_?allowed|giveUp|too_?(?:many|often|large)|\b[45]\d\d\b))/i;

/**
 * Mutations named by words: an id of a row, a letter for all ids that begin with it, an attack
 * of the demo's page, or the beginning of paths for a tenth of these files' checks. Without words
 * those of all marks.
 *
 * @param seed determines the tenth
 * @throws RangeError for a word that names nothing
 */
export function mutationsNamed(words: readonly string[], seed?: string): readonly Mutation[] {
  const paths = words.filter((word) => word.includes("/"));
  const ids = words.filter((word) => !word.includes("/")).map((word) => holeOf(word) ?? word);
  const sampled = paths.length === 0 ? [] : sampleOfChecks(seed, paths);
  return ids.length === 0 && paths.length > 0 ? sampled : [...holesNamed(ids), ...sampled];
}

/** Row of an attack; undefined for other words. */
const holeOf = (word: string): string | undefined =>
  (ATTACKS as Readonly<Record<string, Attack>>)[word]?.hole;

function holesNamed(words: readonly string[]): readonly Mutation[] {
  const isNamedBy = (word: string, id: string) =>
    [id, rowOf(id)].includes(word) || (/^[A-Z]$/.test(word) && id[0] === word);
  const mutations = markedMutations();
  const ids = [...new Set(mutations.map(({ id }) => id))];
  const unknown = words.find((word) => !ids.some((id) => isNamedBy(word, id)));
  if (unknown !== undefined)
    throw new RangeError(`No row has the id ${unknown}. There are: ${ids.join(" ")}`);
  return mutations.filter(({ id }) => words.length === 0 || words.some((word) => isNamedBy(word, id)));
}

/**
 * A tenth of the checks, marked or not, in an order that depends only on the seed and the code of
 * each check.
 *
 * @param paths prefixes of the files' paths; default all folders
 * @throws RangeError if no file has the prefix, or these files have no check
 */
export function sampleOfChecks(seed = "1", paths: readonly string[] = FOLDERS): readonly Mutation[] {
  const sources = listedFiles(REPOSITORY_ROOT).filter(
    (file) => FOLDERS.some((folder) => file.startsWith(`${folder}/src/`)) && file.endsWith(".ts"),
  );
  const unknown = paths.find((path) => !sources.some((file) => file.startsWith(path)));
  if (unknown !== undefined)
    throw new RangeError(`No source file begins with ${unknown}. There are: ${FOLDERS.join(", ")}`);
  const checks = sources
    .filter((file) => paths.some((path) => file.startsWith(path)))
    .flatMap((file) => checksOf(file, readFileSync(join(REPOSITORY_ROOT, file), "utf8")));
  if (checks.length === 0) throw new RangeError(`${paths.join(" and ")}: no file has a check`);
  return checks
    .map((check) => ({ check, rank: createHash("sha256").update(`${seed} ${check.without}`).digest("hex") }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, Math.ceil(checks.length * SHARE))
    .map(({ check }) => check);
}

/**
 * A mutation for each `if` of a file that ends with a refusal and has no `else`, with the unit
 * tests of the package that load the file, those of its folder first, and then the contract of the
 * service, if there is one.
 */
export function checksOf(file: string, source: string): readonly Mutation[] {
  const [, owner = ""] = /^(.*)\/src\//.exec(file)!;
  const judge = TESTED_BY[owner] ?? owner;
  const beside = file.replace("/src/", "/test/").replace(/[^/]+$/, "");
  const contract = `tests/contract/${judge.split("/")[1]}/`;
  const isThere = (folder: string) => existsSync(join(REPOSITORY_ROOT, folder));
  const runs = [
    ...[...new Set([beside, `${judge}/test/`])].filter(isThere).map((folder) => ["run", folder, ...UNIT]),
    ...(isThere(contract) ? [["run", contract, ...CONTRACT]] : []),
  ];
  const lines = source.split("\n");
  return lines.flatMap((line, index): Mutation[] => {
    const last = endOf(lines, index);
    if (!/^\s*if \(/.test(line) || /^\s*else\b/.test(lines[last + 1] ?? "")) return [];
    const statement = lines.slice(index, last + 1);
    const refusal = statement.findLast((inner) => /^\s*(?:if |throw |return |[\w.]+\()/.test(inner))!;
    if (statement.some((inner) => /^\s*\} else/.test(inner)) || !REFUSES.test(refusal)) return [];
    const rest = [...lines.slice(0, index), ...lines.slice(last + 1)].join("\n");
    const edit: Edit = [file, source, rest];
    return [{ id: `${file}:${index + 1}`, without: line.trim(), edits: [edit], runs }];
  });
}

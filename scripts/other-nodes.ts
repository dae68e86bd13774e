import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packPackages } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { installPacked } from "./install-packed.ts";
import { installFrozen, type Log } from "./pinned-packages.ts";
import { runProgram } from "./run-program.ts";
import { runVitestPart } from "./run-vitest.ts";
import type { PartResult } from "./test-report.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/nodes/`;

/** The oldest Node that the published packages name, which runs the tests of their sources, too. */
const OLDEST = "node-22";
/** That, the newest with long-term support, and the demo's own. */
const NODES = [OLDEST, "node-24", "own"];
/** Nodes that the packages refuse. */
const OLD_NODES = ["node-18", "node-20"];
/** Entry points that load a module that an old Node lacks. */
const ENTRIES = [
  "aauth",
  "aauth/agent",
  "aauth/resource",
  "aauth/server",
  "fastify-aauth",
  "aauth-stores/sqlite",
];

/**
 * Packs the published packages, and has each Node install them into an empty folder and run tests.
 *
 * @param tests those of the sources, for the oldest Node: the demo's own runs them anyway
 * @param installedTests those of the packages in the folder INSTALLED_PACKAGES, for each Node
 */
export async function runOnNodes(
  tests: readonly string[],
  installedTests: readonly string[],
): Promise<readonly PartResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "packed-"));
  try {
    const tarballs = await packPackages(folder);
    const results: PartResult[] = [];
    for (const name of NODES) {
      const part = {
        tests: name === OLDEST ? [...tests, ...installedTests] : installedTests,
        async prepare(_env: NodeJS.ProcessEnv, log: Log) {
          const node = name === "own" ? { path: process.execPath } : await installNode(name, log);
          if (typeof node === "string") return node;
          const empty = join(folder, name);
          await installPacked(node.path, empty, tarballs);
          return { NODE_UNDER_TEST: node.path, INSTALLED_PACKAGES: empty };
        },
      };
      results.push(await runVitestPart(`nodes (${name})`, part));
    }
    return [...results, await refuseOldNodes(join(folder, "own"))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An import on an old Node ends with the sentence that names the one to install. */
async function refuseOldNodes(folder: string): Promise<PartResult> {
  const startedAt = performance.now();
  const manifest = JSON.parse(await readFile(join(folder, "node_modules/aauth/package.json"), "utf8"));
  const sentence = `Error: aauth needs Node ${manifest.engines.node.slice(">=".length)} or newer`;
  const imports = OLD_NODES.flatMap((name) => ENTRIES.map((entry) => [name, entry] as const));
  const failures: string[] = [];
  for (const [name, entry] of imports) {
    const node = await installNode(name, console.log);
    const code = `import ${JSON.stringify(entry)}`;
    const printed =
      typeof node === "string"
        ? node
        : (
            await runProgram(node.path, ["--input-type=module", "--eval", code], {
              output: "caught",
              cwd: folder,
            })
          ).output;
    if (!printed.includes(sentence)) failures.push(`${entry} on ${name}: ${printed}`);
  }
  const passed = imports.length - failures.length;
  return { part: "nodes (too old)", passed, skipped: 0, failures, tookMs: performance.now() - startedAt };
}

async function installNode(name: string, log: Log): Promise<{ path: string } | string> {
  const packages = { what: "other versions of Node", prefix: "nodes-", sources: SOURCES };
  const installed = await installFrozen(packages, log);
  if (typeof installed === "string") return installed;
  return { path: `${installed.folder}/node_modules/${name}/bin/node` };
}

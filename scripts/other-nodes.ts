import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { installPinned, type Log } from "./pinned-packages.ts";
import { localProgram } from "./run-program.ts";
import { runVitestPart } from "./run-vitest.ts";
import type { PartResult } from "./test-report.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/nodes/`;

/** The oldest Node that the published packages name, and the newest with long-term support. */
const NODES = ["node-22", "node-24"];

/** Runs the tests of the published packages on Nodes other than the demo's own. */
export async function runOnOtherNodes(tests: readonly string[]): Promise<readonly PartResult[]> {
  const results: PartResult[] = [];
  for (const name of NODES) {
    const prepare = (_env: NodeJS.ProcessEnv, log: Log) => install(name, log);
    results.push(await runVitestPart(`nodes (${name})`, { tests, prepare }));
  }
  return results;
}

async function install(name: string, log: Log) {
  const frozen = ["--ignore-workspace", "--frozen-lockfile", "--silent"];
  const installed = await installPinned(
    {
      what: "Node 22 and 24",
      prefix: "nodes-",
      pins: [`${SOURCES}package.json`, `${SOURCES}pnpm-lock.yaml`],
      steps: (folder) => [[localProgram("pnpm"), "install", "--dir", folder, ...frozen]],
    },
    log,
  );
  if (typeof installed === "string") return installed;
  return { NODE_UNDER_TEST: `${installed.folder}/node_modules/${name}/bin/node` };
}

import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { installFrozen, type Log } from "./pinned-packages.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/runtimes/`;

/** Installs the frameworks and runtimes that the gates are attacked on, below `.cache`. */
export async function installRuntimes(_env: NodeJS.ProcessEnv, log: Log) {
  const packages = { what: "frameworks and runtimes", prefix: "runtimes-", sources: SOURCES };
  const installed = await installFrozen(packages, log);
  return typeof installed === "string" ? installed : { RUNTIMES_UNDER_TEST: installed.folder };
}

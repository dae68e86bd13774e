import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { installPinned, type Log } from "./pinned-packages.ts";
import { localProgram } from "./run-program.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/runtimes/`;

/** Installs the frameworks and runtimes that the gates are attacked on, below `.cache`. */
export async function installRuntimes(_env: NodeJS.ProcessEnv, log: Log) {
  const frozen = ["--ignore-workspace", "--frozen-lockfile", "--silent"];
  const installed = await installPinned(
    {
      what: "frameworks and runtimes",
      prefix: "runtimes-",
      pins: [`${SOURCES}package.json`, `${SOURCES}pnpm-lock.yaml`],
      steps: (folder) => [[localProgram("pnpm"), "install", "--dir", folder, ...frozen]],
    },
    log,
  );
  return typeof installed === "string" ? installed : { RUNTIMES_UNDER_TEST: installed.folder };
}

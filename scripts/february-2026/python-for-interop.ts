import { existsSync } from "node:fs";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type Log, pipInstall, virtualEnvironment } from "../pinned-packages.ts";
import { runProgram } from "../run-program.ts";

const REQUIREMENTS = `${REPOSITORY_ROOT}tests/interop/february-2026/python/requirements.txt`;
/** Reads the lock files of the published demo. */
const UV = "uv==0.13.9";
const DEMO_SERVICES = ["backend", "supply-chain-agent", "market-analysis-agent"];

/** A Python with the published library. A string is the reason why it cannot be had here. */
export async function pythonForInterop(env: NodeJS.ProcessEnv, log: Log) {
  const library = {
    what: "the published demo's library for Python",
    pins: [REQUIREMENTS],
    steps: () => [pipInstall("--requirement", REQUIREMENTS), ["python", "-c", "import aauth"]] as const,
  };
  const python = await virtualEnvironment(library, env, log);
  return typeof python === "string" ? python : { PYTHON_UNDER_TEST: `${python.bin}/python` };
}

/**
 * A checkout of the published demo, with a Python for each of its services that has what the lock
 * file pins. A string is the reason why it cannot be had here.
 *
 * @param folder path of the checkout
 * @throws Error when the folder is not a checkout
 */
export async function demoForInterop(folder: string, env: NodeJS.ProcessEnv, log: Log) {
  const pythons: Record<string, string> = {};
  for (const service of DEMO_SERVICES) {
    const lock = `${folder}/${service}/uv.lock`;
    if (!existsSync(lock))
      throw new Error(`--demo: this is no checkout of the published demo, there is no ${lock}`);
    const steps = (made: string) => {
      const list = `${made}/requirements.txt`;
      const asPinned = ["--frozen", "--no-hashes", "--no-emit-project", "--quiet"];
      return [
        pipInstall(UV),
        ["uv", "export", ...asPinned, "--project", `${folder}/${service}`, "--output-file", list],
        ["uv", "pip", "install", "--quiet", "--python", `${made}/bin/python`, "--requirement", list],
      ] as const;
    };
    const what = `the published ${service} for Python`;
    const python = await virtualEnvironment({ what, pins: [lock], steps }, env, log);
    if (typeof python === "string") return python;
    pythons[service] = `${python.bin}/python`;
  }
  const { status, output } = await runProgram("git", ["-C", folder, "rev-parse", "HEAD"], {
    output: "caught",
  });
  if (status !== 0) throw new Error(`--demo: ${output.trim()}`);
  return { DEMO_UNDER_TEST: JSON.stringify({ folder, commit: output.trim(), pythons }) };
}

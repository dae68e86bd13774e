import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import { runProgram } from "./run-program.ts";

const REQUIREMENTS = `${REPOSITORY_ROOT}tests/interop/python/requirements.txt`;
/** Reads the lock files of the published demo. */
const UV = "uv==0.13.9";
const DEMO_SERVICES = ["backend", "supply-chain-agent", "market-analysis-agent"];
const LIMIT_MS = 10 * 60_000;

type Log = (line: string) => void;

/** A Python with the published library. A string is the reason why it cannot be had here. */
export async function pythonForInterop(env: NodeJS.ProcessEnv, log: Log) {
  const python = await virtualEnvironment(env, log, "the published demo's library", REQUIREMENTS, () => [
    ["python", "-m", "pip", "install", ...QUIET, "--requirement", REQUIREMENTS],
    ["python", "-c", "import aauth"],
  ]);
  return typeof python === "string" ? python : { PYTHON_UNDER_TEST: `${python.bin}/python` };
}

/**
 * A checkout of the published demo, with a Python for each of its services that has what the lock file pins. A string is the reason why it
 * cannot be had here.
 *
 * @param folder path of the checkout
 * @throws Error when it is none
 */
export async function demoForInterop(folder: string, env: NodeJS.ProcessEnv, log: Log) {
  const pythons: Record<string, string> = {};
  for (const service of DEMO_SERVICES) {
    const lock = `${folder}/${service}/uv.lock`;
    if (!existsSync(lock))
      throw new Error(`--demo: this is no checkout of the published demo, there is no ${lock}`);
    const python = await virtualEnvironment(env, log, `the published ${service}`, lock, (made) => {
      const list = `${made}/requirements.txt`;
      const asPinned = ["--frozen", "--no-hashes", "--no-emit-project", "--quiet"];
      return [
        ["python", "-m", "pip", "install", ...QUIET, UV],
        ["uv", "export", ...asPinned, "--project", `${folder}/${service}`, "--output-file", list],
        ["uv", "pip", "install", "--quiet", "--python", `${made}/bin/python`, "--requirement", list],
      ];
    });
    if (typeof python === "string") return python;
    pythons[service] = `${python.bin}/python`;
  }
  const { status, output } = await runProgram("git", ["-C", folder, "rev-parse", "HEAD"], {
    output: "caught",
  });
  if (status !== 0) throw new Error(`--demo: ${output.trim()}`);
  return { DEMO_UNDER_TEST: JSON.stringify({ folder, commit: output.trim(), pythons }) };
}

const QUIET = ["--quiet", "--disable-pip-version-check"];

/**
 * A virtual environment in a folder of its own below `.cache`: made when the versions of `pins` are not there yet.
 *
 * @param steps programs of the environment, with their arguments
 */
async function virtualEnvironment(
  env: NodeJS.ProcessEnv,
  log: Log,
  what: string,
  pins: string,
  steps: (folder: string) => readonly (readonly string[])[],
): Promise<{ bin: string } | string> {
  const python = findExecutable("python3", env);
  if (python === undefined) return "there is no python3 on the PATH";
  const versions = createHash("sha256")
    .update(await readFile(pins))
    .digest("hex")
    .slice(0, 12);
  const folder = `${REPOSITORY_ROOT}.cache/interop/${versions}`;
  const bin = `${folder}/bin`;
  // Written last: an install that was ended halfway is made again.
  const complete = `${folder}/complete`;
  if (existsSync(complete)) return { bin };
  log(`Installing ${what} for Python…`);
  await rm(folder, { recursive: true, force: true });
  const all = [
    [python, "-m", "venv", folder],
    ...steps(folder).map(([program, ...args]) => [`${bin}/${program}`, ...args]),
    [`${bin}/python`, "-c", `open(${JSON.stringify(complete)}, "w").close()`],
  ];
  for (const [program, ...args] of all) {
    const { status, output } = await runProgram(program!, args, { output: "caught", limitMs: LIMIT_MS });
    if (status !== 0) return `${what} could not be installed: ${output.trim().slice(-500)}`;
  }
  return { bin };
}

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import { runProgram } from "./run-program.ts";

const REQUIREMENTS = `${REPOSITORY_ROOT}tests/interop/python/requirements.txt`;
const LIMIT_MS = 5 * 60_000;

/**
 * A Python with the published library, in a folder of its own below `.cache`: made when the pinned versions are not there yet. A string
 * is the reason why it cannot be had here.
 */
export async function pythonForInterop(env: NodeJS.ProcessEnv, log: (line: string) => void) {
  const python = findExecutable("python3", env);
  if (python === undefined) return "there is no python3 on the PATH";
  const versions = createHash("sha256")
    .update(await readFile(REQUIREMENTS))
    .digest("hex")
    .slice(0, 12);
  const folder = `${REPOSITORY_ROOT}.cache/interop/${versions}`;
  const program = `${folder}/bin/python`;
  // Written last: an install that was ended halfway is made again.
  const complete = `${folder}/complete`;
  if (!existsSync(complete)) {
    log("Installing the published demo's library for Python…");
    await rm(folder, { recursive: true, force: true });
    const steps: readonly (readonly [string, readonly string[]])[] = [
      [python, ["-m", "venv", folder]],
      [
        program,
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS],
      ],
      [program, ["-c", `import aauth; open(${JSON.stringify(complete)}, "w").close()`]],
    ];
    for (const [command, args] of steps) {
      const { status, output } = await runProgram(command, args, { output: "caught", limitMs: LIMIT_MS });
      if (status !== 0) return `the published library could not be installed: ${output.trim().slice(-500)}`;
    }
  }
  return { PYTHON_UNDER_TEST: program };
}

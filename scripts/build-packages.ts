import { rm } from "node:fs/promises";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram, runProgram } from "./run-program.ts";

/** The packages that others may install, each after those it imports. */
export const PUBLISHED_PACKAGES = [
  "aauth",
  "aauth-explain",
  "fastify-aauth",
  "aauth-stores",
  "aauth-a2a",
  "mcp-aauth",
] as const;

/**
 * Emits JavaScript and declarations into each package's `dist`, which `publishConfig` points to. The workspace itself never uses them.
 *
 * @throws Error with the compiler's output
 */
export async function buildPackages(): Promise<void> {
  for (const name of PUBLISHED_PACKAGES) {
    await rm(`${REPOSITORY_ROOT}packages/${name}/dist`, { recursive: true, force: true });
    const { status, output } = await runProgram(
      localProgram("tsc"),
      ["-p", `packages/${name}/tsconfig.build.json`],
      {
        output: "caught",
      },
    );
    if (status !== 0) throw new Error(`${name} could not be built:\n${output}`);
  }
}

if (import.meta.main) await buildPackages();

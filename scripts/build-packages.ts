import { mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram, runProgram } from "./run-program.ts";

/** The published packages, each after those that it imports. */
export const PUBLISHED_PACKAGES = [
  "aauth",
  "aauth-explain",
  "fastify-aauth",
  "aauth-stores",
  "aauth-a2a",
  "mcp-aauth",
] as const;

/**
 * Builds the published packages and packs them as npm does.
 *
 * @param folder destination of the tarballs; created if it is missing
 * @returns their paths, in the order of {@link PUBLISHED_PACKAGES}
 * @throws Error with the output of the compiler or of npm
 */
export async function packPackages(folder: string): Promise<readonly string[]> {
  const [first, ...others] = PUBLISHED_PACKAGES;
  // The others compile against its declarations.
  await build(first);
  await Promise.all(others.map(build));
  const sources = PUBLISHED_PACKAGES.map((name) => `./packages/${name}`);
  // `prepack` would build again.
  const options = ["--ignore-scripts", "--silent", "--pack-destination", folder];
  await mkdir(folder, { recursive: true });
  await demand("npm", ["pack", ...options, ...sources]);
  return Promise.all(
    PUBLISHED_PACKAGES.map(async (name) => {
      const manifest = await readFile(`${REPOSITORY_ROOT}packages/${name}/package.json`, "utf8");
      return join(folder, `${name}-${JSON.parse(manifest).version}.tgz`);
    }),
  );
}

async function build(name: string): Promise<void> {
  await rm(`${REPOSITORY_ROOT}packages/${name}/dist`, { recursive: true, force: true });
  const project = ["-p", `packages/${name}/tsconfig.build.json`];
  // Comments are in the declarations alone, which nearly halves the code.
  await demand(localProgram("tsc"), [...project, "--emitDeclarationOnly"]);
  await demand(localProgram("tsc"), [...project, "--declaration", "false", "--removeComments"]);
}

/**
 * Runs a program that must succeed.
 *
 * @param cwd default: the root of the repository
 * @throws Error with the command line and its output
 */
export async function demand(program: string, args: readonly string[], cwd?: string): Promise<void> {
  const { status, output } = await runProgram(program, args, {
    output: "caught",
    ...(cwd !== undefined && { cwd }),
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} (status ${status})\n${output}`);
}

// The release packs into the folder that it names.
if (import.meta.main) await packPackages(resolve(process.argv[2] ?? "release"));

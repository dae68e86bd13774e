import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { demand } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";

/** Peer dependencies that the programs of guide and READMEs import. */
const FRAMEWORKS = [
  "fastify",
  "@hono/node-server",
  ...["client", "sdk", "server"].map((name) => `@modelcontextprotocol/${name}`),
];

/**
 * Installs tarballs, Fastify and the SDKs of MCP into a new folder by npm, which runs on this Node
 * and refuses packages that do not name it.
 */
export async function installPacked(
  node: string,
  folder: string,
  tarballs: readonly string[],
): Promise<void> {
  const npm = findExecutable("npm", process.env);
  if (npm === undefined) throw new Error("npm is not on the PATH");
  const { devDependencies } = JSON.parse(await readFile(`${REPOSITORY_ROOT}package.json`, "utf8"));
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const options = ["--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"];
  const packages = [...tarballs, ...FRAMEWORKS.map((name) => `${name}@${devDependencies[name]}`)];
  await demand(node, [await realpath(npm), "install", ...options, ...packages], folder);
}

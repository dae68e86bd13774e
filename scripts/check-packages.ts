/**
 * Packs the published packages and judges the tarballs as their users would meet them: publint (does the manifest tell the truth), an
 * import of every entry point outside the workspace by Node and by TypeScript, and links of the README that lead nowhere.
 * Packing builds (`prepack`).
 *
 * @module
 */

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PUBLISHED_PACKAGES } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram, runProgram } from "./run-program.ts";

const folder = await mkdtemp(join(tmpdir(), "packed-"));
try {
  for (const name of PUBLISHED_PACKAGES) {
    const source = `${REPOSITORY_ROOT}packages/${name}`;
    await demand(localProgram("pnpm"), ["pack", "--pack-destination", folder], source);
    const manifest = JSON.parse(await readFile(`${source}/package.json`, "utf8"));
    const tarball = join(folder, `${name}-${manifest.version}.tgz`);
    await demand(localProgram("publint"), ["--strict", tarball]);
    await unpack(
      tarball,
      name,
      source,
      Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    );
    const entries = Object.keys(manifest.exports).map((entry) => join(name, entry));
    for (const entry of entries) await importEntry(entry);
    await importTypes(name, entries);
    await refuseRelativeLinks(name);
    console.log(`${name} ${manifest.version}: ${Object.keys(manifest.exports).length} entry points`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Lays a tarball out as an install would: its own dependencies beside it, packages of ours from their tarballs. */
async function unpack(
  tarball: string,
  name: string,
  source: string,
  dependencies: readonly string[],
): Promise<void> {
  const target = join(folder, "node_modules", name);
  await mkdir(target, { recursive: true });
  await demand("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  for (const dependency of dependencies) {
    if ((PUBLISHED_PACKAGES as readonly string[]).includes(dependency)) continue;
    const link = join(target, "node_modules", dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(source, "node_modules", dependency), link);
  }
}

async function importEntry(specifier: string): Promise<void> {
  const code = `await import(${JSON.stringify(specifier)})`;
  await demand(process.execPath, ["--input-type=module", "--eval", code], folder);
}

/** Every entry point has types, which resolve as Node resolves the code. */
async function importTypes(name: string, entries: readonly string[]): Promise<void> {
  const file = `${name}.mts`;
  const lines = entries.map(
    (entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};\nvoid entry${index};\n`,
  );
  await writeFile(join(folder, file), lines.join(""));
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2024"];
  await demand(localProgram("tsc"), [...options, file], folder);
}

/** A tarball has the README and `dist`; whatever else the repository has is not there for a reader of the package's page. */
async function refuseRelativeLinks(name: string): Promise<void> {
  const text = await readFile(join(folder, "node_modules", name, "README.md"), "utf8");
  const [link] = /\]\((?!https?:|#)[^)]*\)/.exec(text) ?? [];
  if (link !== undefined) throw new Error(`the README of ${name} links out of its package: ${link}`);
}

async function demand(program: string, args: readonly string[], cwd?: string): Promise<void> {
  const { status, output } = await runProgram(program, args, {
    output: "caught",
    ...(cwd !== undefined && { cwd }),
  });
  if (status === 0) return;
  console.error(`${program} ${args.join(" ")}\n${output}`);
  throw new Error(`status ${status}`);
}

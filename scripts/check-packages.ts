/**
 * Packs the published packages as npm does and judges the tarballs as their users would meet them:
 * publint and are-the-types-wrong, an import of every entry point outside the workspace by Node and
 * by TypeScript, links and addresses, and the manifest that leads to the sources inside the
 * workspace. The surface of each is the one that its api.txt reports; `--write` renews the reports.
 *
 * @module
 */

import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { apiReport } from "./api-report.ts";
import { demand, PUBLISHED_PACKAGES, packPackages } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { localProgram } from "./run-program.ts";

/** Targets of `exports` and `imports`, by entry and condition. */
interface Targets {
  readonly [name: string]: string | Targets;
}
interface Manifest {
  readonly version: string;
  readonly homepage?: string;
  readonly bugs?: string;
  readonly repository?: { readonly url: string; readonly directory?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly imports?: Targets;
  readonly exports: Targets;
}

/** In bytes. */
const LARGEST_TARBALL = 350 * 1024;

const folder = await mkdtemp(join(tmpdir(), "packed-"));
const installed = (name: string) => join(folder, "node_modules", name);
const readManifest = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, "utf8"));

try {
  const tarballs = await packPackages(folder);
  await Promise.all(PUBLISHED_PACKAGES.map((name, index) => unpack(tarballs[index]!, name)));
  await Promise.all(PUBLISHED_PACKAGES.map((name, index) => judge(tarballs[index]!, name)));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function judge(tarball: string, name: string): Promise<void> {
  const manifest = await readManifest(join(installed(name), "package.json"));
  const { size } = await stat(tarball);
  if (size > LARGEST_TARBALL) throw new Error(`${name}: ${size} bytes, over ${LARGEST_TARBALL}`);
  refuseWorkspaceRanges(name, manifest);
  await demandSourceManifest(name, manifest);
  await demandAddresses(name, manifest);
  await demandReport(name, manifest);
  const entries = Object.keys(manifest.exports).map((entry) => join(name, entry));
  const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`);
  await Promise.all([
    demand(localProgram("publint"), ["--strict", tarball]),
    demand(localProgram("attw"), ["--profile", "esm-only", "--no-emoji", "--format", "ascii", tarball]),
    demand(process.execPath, ["--input-type=module", "--eval", imports.join("\n")], folder),
    importTypes(name, entries),
  ]);
  console.log(`${name} ${manifest.version}: ${entries.length} entry points`);
}

/**
 * Unpacks a tarball as an install would: its dependencies beside it, our packages from their
 * tarballs.
 */
async function unpack(tarball: string, name: string): Promise<void> {
  const target = installed(name);
  await mkdir(target, { recursive: true });
  await demand("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  const { dependencies, peerDependencies } = await readManifest(join(target, "package.json"));
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    if ((PUBLISHED_PACKAGES as readonly string[]).includes(dependency)) continue;
    const link = join(target, "node_modules", dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(REPOSITORY_ROOT, "packages", name, "node_modules", dependency), link);
  }
}

/** A change of the surface is a change of a file, which a reviewer sees. */
async function demandReport(name: string, { exports, imports }: Manifest): Promise<void> {
  const entries = Object.entries(exports as Record<string, { readonly types: string }>);
  const files = entries.map(([entry, { types }]) => [entry, join(installed(name), types)]);
  const own = Object.entries((imports ?? {}) as Record<string, { readonly default: string }>);
  const internal = own.map(([hash, target]) => [hash, join(installed(name), target.default)]);
  const report = apiReport(name, Object.fromEntries(files), Object.fromEntries(internal));
  const path = `packages/${name}/api.txt`;
  if (process.argv.includes("--write")) await writeFile(`${REPOSITORY_ROOT}${path}`, report);
  const kept = await readFile(`${REPOSITORY_ROOT}${path}`, "utf8").catch(() => "");
  if (kept === report) return;
  const changed = report.split("\n").find((line, index) => line !== kept.split("\n")[index]) ?? "its end";
  throw new Error(
    `${path} differs from the package at: ${changed}\nnpm run check -- --write renews the reports`,
  );
}

function refuseWorkspaceRanges(name: string, { dependencies, peerDependencies }: Manifest): void {
  for (const [dependency, range] of Object.entries({ ...dependencies, ...peerDependencies }))
    if (range.includes(":"))
      throw new Error(`${name} depends on ${dependency} by ${range}, which is no range`);
}

/** Inside the workspace a package is its folder `src`: the same entries, but from the sources. */
async function demandSourceManifest(name: string, packed: Manifest): Promise<void> {
  const source = await readManifest(`${REPOSITORY_ROOT}packages/${name}/src/package.json`);
  const entries = Object.entries(source.exports as Record<string, string>).map(([entry, file]) => {
    const built = builtFrom(file);
    return [entry, { types: built.replace(/\.js$/, ".d.ts"), default: built }];
  });
  const wanted = JSON.stringify([builtTargets(source.imports), Object.fromEntries(entries)]);
  if (JSON.stringify([packed.imports, packed.exports]) !== wanted)
    throw new Error(`packages/${name}: exports or imports of package.json and src/package.json differ`);
}

function builtFrom(file: string): string {
  return file.replace(/^\.\//, "./dist/").replace(/\.ts$/, ".js");
}

function builtTargets(targets: Targets | undefined): Targets | undefined {
  if (targets === undefined) return undefined;
  const built = Object.entries(targets).map(([name, target]) => [
    name,
    typeof target === "string" ? builtFrom(target) : builtTargets(target),
  ]);
  return Object.fromEntries(built);
}

/**
 * The repository's address is that of the root's manifest, and links of the README begin with it or
 * lead elsewhere.
 */
async function demandAddresses(name: string, { repository, homepage, bugs }: Manifest): Promise<void> {
  const { url } = (await readManifest(`${REPOSITORY_ROOT}package.json`)).repository!;
  const page = url.replace(/^git\+|\.git$/g, "");
  const found = JSON.stringify([repository, homepage, bugs]);
  const directory = `packages/${name}`;
  const wanted = [{ type: "git", url, directory }, `${page}/tree/main/${directory}#readme`, `${page}/issues`];
  if (found !== JSON.stringify(wanted)) throw new Error(`${name}: repository, homepage or bugs: ${found}`);
  const readme = await readFile(join(installed(name), "README.md"), "utf8");
  // A tarball has README and code. Other files of the repository are not there for a reader of the
  // package's page.
  const [link] = /\]\((?!https?:|#)[^)]*\)/.exec(readme) ?? [];
  if (link !== undefined) throw new Error(`the README of ${name} links out of its package: ${link}`);
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

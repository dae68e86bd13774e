import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import { localProgram, runProgram } from "./run-program.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/interop/draft-11/`;
const CACHE = `${REPOSITORY_ROOT}.cache/interop/`;
const LIMIT_MS = 15 * 60_000;

/** Where the peers of draft -11 are: two Pythons, a folder with `node_modules`, and a program. */
export interface PeersOfDraft11 {
  readonly introspection: string;
  readonly regent: string;
  readonly js: string;
  /** Absent where the Rust crate is not under test. */
  readonly rust?: string;
}

type Step = readonly [program: string, args: readonly string[]];

/** For a part of a test command: installs the pinned peers in Python and JavaScript below `.cache`. A string is the reason why not. */
export async function peersOfDraft11(env: NodeJS.ProcessEnv, log: (line: string) => void) {
  const peers = await install(env, log);
  return typeof peers === "string" ? peers : { PEERS_UNDER_TEST: JSON.stringify(peers) };
}

/** As {@link peersOfDraft11}, with the Rust crate: the tests are those in which it takes part. */
export async function rustPeerOfDraft11(env: NodeJS.ProcessEnv, log: (line: string) => void) {
  const cargo = findExecutable("cargo", env);
  if (cargo === undefined) return "there is no cargo on the PATH";
  const peers = await install(env, log);
  if (typeof peers === "string") return peers;
  log("Building the Rust peer of draft -11…");
  const manifest = `${SOURCES}rust/Cargo.toml`;
  const target = `${CACHE}draft-11-rust`;
  // Does nothing where nothing has changed.
  const args = ["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target];
  const failure = await run([[cargo, args]]);
  if (failure !== undefined) return `the crate aauth-protocol could not be built: ${failure}`;
  const rust = `${target}/release/aauth-interop-draft-11`;
  return { PEERS_UNDER_TEST: JSON.stringify({ ...peers, rust } satisfies PeersOfDraft11) };
}

async function install(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<PeersOfDraft11 | string> {
  const python = findExecutable("python3", env);
  if (python === undefined) return "there is no python3 on the PATH";
  const withPip = (name: string) =>
    once(name, [`python/${name}.txt`], log, (folder) => {
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
      return [
        [python, ["-m", "venv", folder]],
        [`${folder}/bin/python`, [...pip, "--requirement", `${SOURCES}python/${name}.txt`]],
      ];
    });
  try {
    return {
      introspection: `${await withPip("introspection")}/bin/python`,
      regent: `${await withPip("regent")}/bin/python`,
      js: await once("js", ["js/package.json", "js/pnpm-lock.yaml"], log, (folder) => [
        [
          localProgram("pnpm"),
          ["install", "--dir", folder, "--ignore-workspace", "--frozen-lockfile", "--silent"],
        ],
      ]),
    };
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The folder below `.cache` into which pinned packages are installed, made when these versions are not there yet.
 *
 * @param files what names the versions; copied into the folder
 * @throws Error for what could not be installed
 */
async function once(
  name: string,
  files: readonly string[],
  log: (line: string) => void,
  steps: (folder: string) => readonly Step[],
): Promise<string> {
  const contents = await Promise.all(files.map((file) => readFile(`${SOURCES}${file}`)));
  const versions = createHash("sha256").update(Buffer.concat(contents)).digest("hex").slice(0, 12);
  const folder = `${CACHE}draft-11-${name}-${versions}`;
  // Written last: an install that was ended halfway is made again.
  const complete = `${folder}/complete`;
  if (existsSync(complete)) return folder;
  log(`Installing peers of draft -11: ${name}…`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of files) await copyFile(`${SOURCES}${file}`, `${folder}/${file.split("/")[1]}`);
  const failure = await run(steps(folder));
  if (failure !== undefined) throw new Error(`peers of draft -11 could not be installed: ${failure}`);
  await writeFile(complete, "");
  return folder;
}

/** Runs programs one after the other; what the first that fails has printed. */
async function run(steps: readonly Step[]): Promise<string | undefined> {
  for (const [program, args] of steps) {
    const { status, output } = await runProgram(program, args, { output: "caught", limitMs: LIMIT_MS });
    if (status !== 0) return output.trim().slice(-500);
  }
  return undefined;
}

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import { localProgram, runProgram } from "./run-program.ts";

/** Folder of installed packages of third parties, and of their programs. */
export const INTEROP_CACHE = `${REPOSITORY_ROOT}.cache/interop/`;

const LIMIT_MS = 15 * 60_000;

export type Log = (line: string) => void;

/** A program with its arguments. */
export type Step = readonly [program: string, ...args: string[]];

export interface PinnedPackages {
  /** Name in the log. */
  readonly what: string;
  /** Prefix of the folder's name. Default: none. */
  readonly prefix?: string;
  /** Files that name the versions; copied into the folder. */
  readonly pins: readonly string[];
  steps(folder: string): readonly Step[];
}

/**
 * Installs the packages into a folder below `.cache`, unless these versions are there already. A
 * string is the reason why they cannot be installed here.
 */
export async function installPinned(
  { what, prefix = "", pins, steps }: PinnedPackages,
  log: Log,
): Promise<{ folder: string } | string> {
  const contents = await Promise.all(pins.map((file) => readFile(file)));
  const versions = createHash("sha256").update(Buffer.concat(contents)).digest("hex").slice(0, 12);
  const folder = `${INTEROP_CACHE}${prefix}${versions}`;
  // Written last: an interrupted install is repeated.
  const complete = `${folder}/complete`;
  if (existsSync(complete)) return { folder };
  log(`Installing ${what}…`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of pins) await copyFile(file, `${folder}/${basename(file)}`);
  const failure = await runSteps(steps(folder));
  if (failure !== undefined) return `${what} could not be installed: ${failure}`;
  await writeFile(complete, "");
  return { folder };
}

/** Installs the `package.json` and `pnpm-lock.yaml` in `sources`. */
export function installFrozen(
  { sources, ...packages }: Pick<PinnedPackages, "what" | "prefix"> & { readonly sources: string },
  log: Log,
): Promise<{ folder: string } | string> {
  const frozen = ["--ignore-workspace", "--frozen-lockfile", "--silent"];
  const pins = [`${sources}package.json`, `${sources}pnpm-lock.yaml`];
  const steps = (folder: string): readonly Step[] => [
    [localProgram("pnpm"), "install", "--dir", folder, ...frozen],
  ];
  return installPinned({ ...packages, pins, steps }, log);
}

/**
 * Installs into a Python virtual environment and returns the folder of its programs.
 *
 * @param packages its steps name programs of the environment
 */
export async function virtualEnvironment(
  { steps, ...packages }: PinnedPackages,
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<{ bin: string } | string> {
  const python = findExecutable("python3", env);
  if (python === undefined) return "there is no python3 on the PATH";
  const inEnvironment = (folder: string): readonly Step[] => [
    [python, "-m", "venv", folder],
    ...steps(folder).map(([program, ...args]): Step => [`${folder}/bin/${program}`, ...args]),
  ];
  const installed = await installPinned({ ...packages, steps: inEnvironment }, log);
  return typeof installed === "string" ? installed : { bin: `${installed.folder}/bin` };
}

/** A step of a virtual environment. */
export const pipInstall = (...args: readonly string[]): Step => [
  ...(["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] as const),
  ...args,
];

/** Runs programs one after the other. Returns the end of the first failure's output. */
export async function runSteps(steps: readonly Step[]): Promise<string | undefined> {
  for (const [program, ...args] of steps) {
    const { status, output } = await runProgram(program, args, { output: "caught", limitMs: LIMIT_MS });
    if (status !== 0) return output.trim().slice(-500);
  }
  return undefined;
}

import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { findExecutable } from "../find-executable.ts";
import type { Log } from "../pinned-packages.ts";
import { runProgram } from "../run-program.ts";

/** The release that the configuration files, docs/reference/gateways.md and Compose are for. */
export const AGENTGATEWAY_VERSION = "v1.4.1";
const COMMIT = "163ea2146acb7b82082acea30ed691b29079095f";
const REPOSITORY = "https://github.com/agentgateway/agentgateway";
const SCHEMA = "schema/config.json";
const NEEDED = [".cargo", "Cargo.lock", "Cargo.toml", "crates", SCHEMA, "tools"];
/** Takes the registry's crates for its forks in git, but for that of async-openai. */
const PATCH = `${REPOSITORY_ROOT}scripts/agentgateway/registry-crates.patch`;
const BUILT = `${REPOSITORY_ROOT}.cache/agentgateway/${AGENTGATEWAY_VERSION}/`;
const BUILD_LIMIT_MS = 60 * 60_000;

/**
 * Agentgateway: `AGENTGATEWAY_BIN`, or `agentgateway` on the PATH. Without either it is built by
 * Cargo from the clone that `AGENTGATEWAY_SOURCE` names, and kept in `.cache`.
 *
 * @returns `AGENTGATEWAY_BIN`, and `AGENTGATEWAY_SCHEMA` where it was built here; or the reason why
 *   it cannot be had
 * @throws Error if `AGENTGATEWAY_BIN` names no executable
 */
export async function findOrBuildAgentgateway(
  env: NodeJS.ProcessEnv,
  log: Log,
  built: string = BUILT,
): Promise<Readonly<Record<string, string>> | string> {
  const name = env.AGENTGATEWAY_BIN || "agentgateway";
  const found = findExecutable(name, env);
  if (found === undefined && env.AGENTGATEWAY_BIN)
    throw new Error(`AGENTGATEWAY_BIN: there is no executable ${name}`);
  const binary = found ?? `${built}agentgateway`;
  if (!existsSync(binary)) {
    const reason = await build(env, log, built);
    if (reason !== undefined) return reason;
  }
  const schema = `${built}${SCHEMA}`;
  return { AGENTGATEWAY_BIN: binary, ...(existsSync(schema) && { AGENTGATEWAY_SCHEMA: schema }) };
}

async function build(env: NodeJS.ProcessEnv, log: Log, built: string): Promise<string | undefined> {
  if (!env.AGENTGATEWAY_SOURCE) {
    const clone = `git clone --depth 1 --branch ${AGENTGATEWAY_VERSION} ${REPOSITORY}`;
    return `put agentgateway (${AGENTGATEWAY_VERSION}) on the PATH, or name a clone in AGENTGATEWAY_SOURCE: ${clone}`;
  }
  const cargo = findExecutable("cargo", env);
  if (cargo === undefined) return "there is neither agentgateway nor a cargo to build it with on the PATH";
  log(
    `Building Agentgateway ${AGENTGATEWAY_VERSION} without optimisation (once; ten minutes on two processor cores)…`,
  );
  const clone = resolve(env.INIT_CWD || ".", env.AGENTGATEWAY_SOURCE);
  await rm(built, { recursive: true, force: true });
  await mkdir(built, { recursive: true });
  const steps: readonly (readonly string[])[] = [
    ["git", "clone", "--quiet", "--shared", "--no-checkout", clone, "."],
    ["git", "checkout", "--quiet", COMMIT, "--", ...NEEDED],
    ["git", "apply", PATCH],
    [cargo, "build", "--quiet", "--release", "--package", "agentgateway-app"],
  ];
  for (const [program, ...args] of steps) {
    const { status, output } = await runProgram(program!, args, {
      output: "caught",
      cwd: built,
      limitMs: BUILD_LIMIT_MS,
      env: {
        VERSION: AGENTGATEWAY_VERSION,
        GIT_REVISION: COMMIT,
        CARGO_TARGET_DIR: `${built}target`,
        CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
        CARGO_PROFILE_RELEASE_LTO: "false",
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
        CARGO_PROFILE_RELEASE_STRIP: "symbols",
      },
    });
    if (status !== 0) return `Agentgateway could not be built: ${output.trim().slice(-500)}`;
  }
  await rename(`${built}target/release/agentgateway`, `${built}agentgateway`);
  await Promise.all(
    [".git", "crates", "target", "tools"].map((name) => rm(`${built}${name}`, { recursive: true })),
  );
  return undefined;
}

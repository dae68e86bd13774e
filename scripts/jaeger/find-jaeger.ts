import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { findExecutable } from "../find-executable.ts";
import { runProgram } from "../run-program.ts";
import { type GoToolchain, goToolchain } from "./go-toolchain.ts";

const MODULE = "github.com/jaegertracing/jaeger";
/** Jaeger 2.13: the last whose Go module has this form. */
const VERSION = "v1.76.0";
const BUILT = `${REPOSITORY_ROOT}.cache/jaeger/jaeger-${VERSION}`;
const DOWNLOAD_LIMIT_MS = 5 * 60_000;
const BUILD_LIMIT_MS = 25 * 60_000;

/** Jaeger is neither found nor can be built; the message names a remedy. */
export class JaegerUnavailableError extends Error {
  override readonly name = "JaegerUnavailableError";
  /** The user has named a file that does not exist. */
  readonly isMistake: boolean;

  constructor(message: string, options: { isMistake?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.isMistake = options.isMistake ?? false;
  }
}

/**
 * An installed Jaeger: `JAEGER_BIN`, or `jaeger` on the PATH. Not the one built by {@link
 * findOrBuildJaeger}, which has no pages.
 *
 * @throws JaegerUnavailableError
 */
export function findJaeger(env: NodeJS.ProcessEnv): string {
  const found = findInstalled(env);
  if (found !== undefined) return found;
  throw new JaegerUnavailableError(
    "there is no executable jaeger; put a release of Jaeger 2 on the PATH or name it in JAEGER_BIN",
  );
}

function findInstalled(env: NodeJS.ProcessEnv): string | undefined {
  const found = findExecutable(env.JAEGER_BIN || "jaeger", env);
  if (found === undefined && env.JAEGER_BIN) {
    throw new JaegerUnavailableError(`JAEGER_BIN: there is no executable ${env.JAEGER_BIN}`, {
      isMistake: true,
    });
  }
  return found;
}

/**
 * Like {@link findJaeger}, for callers that only query: builds Jaeger with the Go toolchain if
 * there is none, and keeps it in `.cache`. The first build takes two processor cores about ten
 * minutes. It has the query API and no pages, which are not in the Go module.
 *
 * @throws JaegerUnavailableError without Go, or if the build fails
 */
export async function findOrBuildJaeger(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
  built: string = BUILT,
): Promise<string> {
  const found = findInstalled(env);
  if (found !== undefined) return found;
  if (existsSync(built)) return built;
  const go = findExecutable("go", env) ?? findExecutable("/usr/local/go/bin/go", env);
  if (go === undefined) {
    throw new JaegerUnavailableError("neither Jaeger nor Go to build it with was found");
  }
  log(`Building Jaeger ${VERSION} with Go (once; up to ten minutes)…`);
  const { program, env: goEnv } = await goToolchain(go).catch((error) => {
    throw failed("Jaeger could not be built", (error as Error).message);
  });
  // Built in the module's folder with its own list of exact versions, some of which are
  // replacements that `go install` refuses.
  const source = await download(program, goEnv);
  await mkdir(dirname(built), { recursive: true });
  const unfinished = `${built}.${process.pid}`;
  const args = ["build", "-C", source, "-buildvcs=false", "-ldflags=-s -w", "-o", unfinished, "./cmd/jaeger"];
  const options = { output: "caught", limitMs: BUILD_LIMIT_MS, env: goEnv } as const;
  const { status, output } = await runProgram(program, args, options);
  if (status !== 0) throw failed("Jaeger could not be built", output);
  await rename(unfinished, built);
  return built;
}

async function download(go: string, env: GoToolchain["env"]): Promise<string> {
  const { status, output } = await runProgram(go, ["mod", "download", "-json", `${MODULE}@${VERSION}`], {
    output: "caught",
    limitMs: DOWNLOAD_LIMIT_MS,
    env,
  });
  const folder = /"Dir": "([^"]+)"/.exec(output)?.[1];
  if (status !== 0 || folder === undefined) throw failed("Jaeger's source could not be downloaded", output);
  return folder;
}

function failed(what: string, output: string): JaegerUnavailableError {
  return new JaegerUnavailableError(`${what}: ${output.trim().split("\n").slice(-3).join(" | ")}`);
}

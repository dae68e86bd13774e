import { findExecutable } from "../find-executable.ts";
import { type ProgramResult, runProgram } from "../run-program.ts";

const ANSWER_LIMIT_MS = 15_000;
const PULL_LIMIT_MS = 10 * 60_000;
/** Set by the maker of stand-ins, with the names it gave. */
const STAND_IN_LABEL = "standin.tags";

/** Docker with its compose plugin and an engine that answers. */
export interface Docker {
  run(args: readonly string[], options?: DockerOptions): Promise<ProgramResult>;
  /**
   * Where the image is from: fetched or here under its name, made on this machine to stand in for
   * it, or not to be had.
   */
  originOf(image: string): Promise<"official" | "stand-in" | undefined>;
}

export interface DockerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly output?: "caught" | "shown";
  readonly limitMs?: number;
}

/** A text says why there is none. */
export async function findDocker(env: NodeJS.ProcessEnv): Promise<Docker | string> {
  const program = findExecutable("docker", env);
  if (program === undefined) return "there is no docker";
  const run: Docker["run"] = (args, { env: more = {}, output = "caught", limitMs = ANSWER_LIMIT_MS } = {}) =>
    runProgram(program, args, { output, env: more, limitMs });
  if ((await run(["compose", "version"])).status !== 0) return "docker has no compose plugin";
  if ((await run(["version", "--format", "{{.Server.Version}}"])).status !== 0)
    return "no Docker engine answers";
  return {
    run,
    async originOf(image) {
      const label = await run([
        "image",
        "inspect",
        "--format",
        `{{index .Config.Labels "${STAND_IN_LABEL}"}}`,
        image,
      ]);
      if (label.status === 0) return label.output.split(/\s+/).includes(image) ? "stand-in" : "official";
      const { status } = await run(["pull", "--quiet", image], { limitMs: PULL_LIMIT_MS });
      return status === 0 ? "official" : undefined;
    },
  };
}

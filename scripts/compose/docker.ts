import { findExecutable } from "../find-executable.ts";
import { type ProgramResult, runProgram } from "../run-program.ts";

const ANSWER_LIMIT_MS = 15_000;
const PULL_LIMIT_MS = 10 * 60_000;

/** Docker with its compose plugin and an engine that answers. */
export interface Docker {
  run(args: readonly string[], options?: DockerOptions): Promise<ProgramResult>;
  /** Whether the image is here, or can be fetched. */
  hasImage(image: string): Promise<boolean>;
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
    async hasImage(image) {
      if ((await run(["image", "inspect", image])).status === 0) return true;
      return (await run(["pull", "--quiet", image], { limitMs: PULL_LIMIT_MS })).status === 0;
    },
  };
}

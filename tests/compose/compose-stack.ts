import { DEMO_PORTS, REPOSITORY_ROOT, stackUrls } from "../../scripts/demo/stack.ts";
import { runProgram } from "../../scripts/run-program.ts";

const UP_LIMIT_MS = 7 * 60_000;
const COMMAND_LIMIT_MS = 60_000;
const READY_SECONDS = "360";

export const urls = stackUrls(DEMO_PORTS);

/** Whether this part of the stack is the third party's own and not our stand-in. */
export function isReal(name: string): boolean {
  return (process.env.COMPOSE_REAL ?? "").split(",").includes(name);
}

/** `docker compose …` with the files that COMPOSE_FILE names. @throws Error with the command's output */
export async function compose(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; limitMs?: number } = {},
): Promise<string> {
  const { env = {}, limitMs = COMMAND_LIMIT_MS } = options;
  const { status, output } = await runProgram("docker", ["compose", ...args], {
    output: "caught",
    env,
    cwd: REPOSITORY_ROOT,
    limitMs,
  });
  if (status !== 0) throw new Error(`docker compose ${args.join(" ")}: status ${status}\n${output}`);
  return output;
}

/** `docker compose up`, and waits until everything is healthy. */
export async function up(env: Readonly<Record<string, string>> = {}): Promise<void> {
  try {
    await compose(["up", "--detach", "--wait", "--wait-timeout", READY_SECONDS], {
      env,
      limitMs: UP_LIMIT_MS,
    });
  } catch (error) {
    const logs = await compose(["logs", "--tail", "20"]).catch(() => "");
    throw new Error(`${(error as Error).message}\n${logs}`);
  }
}

/** One running container, as `docker inspect` tells it. */
export interface Container {
  readonly Config: { readonly User: string; readonly Env: readonly string[] };
  readonly State: { readonly Running: boolean; readonly Pid: number; readonly ExitCode: number };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Memory: number;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>> | null;
  };
}

export async function containers(): Promise<ReadonlyMap<string, Container>> {
  const ids = (await compose(["ps", "--all", "--format", "{{.Service}} {{.ID}}"])).trim().split("\n");
  const found = new Map<string, Container>();
  for (const line of ids) {
    const [service = "", id = ""] = line.split(" ");
    const { output } = await runProgram("docker", ["inspect", id], { output: "caught" });
    found.set(service, (JSON.parse(output) as [Container])[0]);
  }
  return found;
}

import { DEMO_PORTS, REPOSITORY_ROOT, stackUrls } from "../../scripts/demo/stack.ts";
import { type ProgramResult, runProgram } from "../../scripts/run-program.ts";

const UP_LIMIT_MS = 7 * 60_000;
const COMMAND_LIMIT_MS = 60_000;
const READY_SECONDS = "360";

export const urls = stackUrls(DEMO_PORTS);

/** Whether a third-party part of the stack is the real one and not our stand-in. */
export function isReal(name: string): boolean {
  return (process.env.COMPOSE_REAL ?? "").split(",").includes(name);
}

interface ComposeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
}

/** Runs `docker compose …` with the files that COMPOSE_FILE names, and resolves however it ends. */
export function composeStatus(args: readonly string[], options: ComposeOptions = {}): Promise<ProgramResult> {
  const { env = {}, limitMs = COMMAND_LIMIT_MS } = options;
  return runProgram("docker", ["compose", ...args], {
    output: "caught",
    env,
    cwd: REPOSITORY_ROOT,
    limitMs,
  });
}

/**
 * Output of a `docker compose` command that must succeed.
 *
 * @throws Error with the command's output when it fails
 */
export async function compose(args: readonly string[], options: ComposeOptions = {}): Promise<string> {
  const { status, output } = await composeStatus(args, options);
  if (status !== 0) throw new Error(`docker compose ${args.join(" ")}: status ${status}\n${output}`);
  return output;
}

/** `docker compose up`, and waits until everything is healthy. */
export async function up(
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<void> {
  try {
    await compose(["up", "--detach", "--wait", "--wait-timeout", READY_SECONDS, ...args], {
      env,
      limitMs: UP_LIMIT_MS,
    });
  } catch (error) {
    const logs = await compose(["logs", "--tail", "20"]).catch(() => "");
    throw new Error(`${(error as Error).message}\n${logs}`);
  }
}

/** Removes earlier containers and volumes, because services keep their state in volumes. */
export async function upNew(env: Readonly<Record<string, string>>): Promise<void> {
  await compose(["down", "--volumes", "--remove-orphans", "--timeout", "4"], { env });
  await up(env);
}

/** One running container, as reported by `docker inspect`. */
export interface Container {
  readonly Config: { readonly User: string; readonly Env: readonly string[] };
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly Mounts: readonly { readonly Name?: string }[];
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Memory: number;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>> | null;
  };
}

export async function containers(
  env: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, Container>> {
  const list = await compose(["ps", "--all", "--format", "{{.Service}} {{.ID}}"], { env });
  const ids = list.trim().split("\n");
  const found = new Map<string, Container>();
  for (const line of ids) {
    const [service = "", id = ""] = line.split(" ");
    const { output } = await runProgram("docker", ["inspect", id], { output: "caught" });
    found.set(service, (JSON.parse(output) as [Container])[0]);
  }
  return found;
}

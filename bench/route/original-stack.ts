import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { freePorts } from "../../tests/support/free-ports.ts";
import { onCore } from "../cores.ts";
import { portOpens } from "../gateway/program.ts";

const SCRIPT = fileURLToPath(new URL("./original-stack.py", import.meta.url));

/** The stack that the first demo was written with, answering what `route.ts` asks its own server. */
export interface OriginalStack {
  readonly pool: Pool;
  stop(): Promise<void>;
}

/**
 * Starts it with the interpreter named by BENCH_PYTHON, on one core; undefined where the variable is not set.
 *
 * @param target what the requests are signed for
 * @throws Error when it does not start: whoever names an interpreter wants the figure
 */
export async function startOriginalStack(
  target: string,
  connections: number,
): Promise<OriginalStack | undefined> {
  const python = process.env.BENCH_PYTHON;
  if (python === undefined || python === "") return undefined;
  const [port] = (await freePorts(1)) as [number];
  const [program, args] = onCore("measured", python, [SCRIPT, String(port), target]);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  await once(child, "spawn");
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  try {
    await portOpens(port, () => child.exitCode === null);
  } catch (error) {
    await stop();
    throw new Error(
      "the original stack did not start: BENCH_PYTHON needs fastapi, uvicorn[standard] and aauth",
      {
        cause: error,
      },
    );
  }
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections });
  return {
    pool,
    async stop() {
      await pool.close();
      await stop();
    },
  };
}

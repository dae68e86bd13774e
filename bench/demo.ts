import { freeStackPorts } from "../scripts/demo/free-ports.ts";
import { PORT_VARIABLES, type StackPorts, type StackUrls, stackUrls } from "../scripts/demo/stack.ts";
import { startChild } from "../tests/support/child.ts";

const START_LIMIT_MS = 180_000;

/** `npm run demo` of a checkout. */
export interface RunningDemo {
  readonly urls: StackUrls;
  /** The process that has started all others. */
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts the demo of the current folder on free ports. Resolves when it is ready.
 *
 * @throws Error with its output when it does not start
 */
export async function startDemo(env: Readonly<Record<string, string>>): Promise<RunningDemo> {
  const ports = await freeStackPorts();
  const variables = Object.fromEntries(
    Object.entries(PORT_VARIABLES).map(([key, name]) => [name, String(ports[key as keyof StackPorts])]),
  );
  const demo = startChild("npm", ["run", "demo"], { env: { ...process.env, ...variables, ...env } });
  const stop = async () => {
    demo.process.kill("SIGTERM");
    await demo.ended;
  };
  const limit = setTimeout(stop, START_LIMIT_MS);
  await demo.prints(/^Ready in /m);
  clearTimeout(limit);
  return { urls: stackUrls(ports), pid: demo.pid, stop };
}

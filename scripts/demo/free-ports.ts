import { DEMO_PORTS, type StackPorts } from "./stack.ts";
import { isTaken } from "./taken-ports.ts";

/**
 * Below the ports of outgoing connections (from 32768 on Linux, 49152 elsewhere), which may be
 * taken before the service listens. Above the ports that `fetch` refuses.
 */
const FIRST = 11_000;
const COUNT = 21_000;
/** Concurrent test files are processes with neighbouring ids, so their ports are far apart. */
const STEP = 997;

let next = (process.pid * STEP) % COUNT;

/**
 * `count` distinct ports that were free on loopback a moment ago. A process gets none twice before
 * it has had all. Another program may still take one before it is used, but this is unlikely.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === COUNT) throw new Error("there are not enough free ports");
    const port = FIRST + (next++ % COUNT);
    if (!(await isTaken(port))) ports.push(port);
  }
  return ports;
}

/** One free port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/** A free port for each listener of the stack. */
export async function freeStackPorts(): Promise<StackPorts> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  return Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
}

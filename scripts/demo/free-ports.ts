import { DEMO_PORTS, type StackPorts } from "./stack.ts";
import { isTaken } from "./taken-ports.ts";

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a port
 * from there may be taken before the service that it was found for listens. Above the ports that
 * `fetch` refuses.
 */
const FIRST = 11_000;
const COUNT = 21_000;
/**
 * Test files that run at the same time are processes with neighbouring ids; their ports lie apart.
 */
const STEP = 997;

let next = (process.pid * STEP) % COUNT;

/**
 * `count` distinct ports that were free on loopback a moment ago. A process gets none a second time
 * before it has had all; between this and their use another program may still take one, but hardly
 * by chance.
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

/** One of them. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/** One for each listener of the stack. */
export async function freeStackPorts(): Promise<StackPorts> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  return Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
}

import { connect, createServer } from "node:net";
import type { NeededPort, ServiceDescription } from "./describe-stack.ts";
import { DEMO_PORTS } from "./stack.ts";

const CONNECT_LIMIT_MS = 500;
const LAST_PORT = 65_535;
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/**
 * The ports of `services` that are in use. Checks both loopback addresses, because a browser would
 * find another program on `[::1]:3050` under `localhost:3050`, even if 127.0.0.1 is free.
 */
export async function takenPorts(services: readonly ServiceDescription[]): Promise<NeededPort[]> {
  const wanted = services.flatMap((service) => service.ports);
  const taken = await Promise.all(wanted.map(async ({ port }) => isTaken(port)));
  return wanted.filter((_, index) => taken[index]);
}

/**
 * The nearest free port above each taken one, by variable. None is used by another part of the
 * stack, by default or by `settled`, and none is proposed twice, so that all proposals can be taken
 * together.
 */
export async function proposePorts(
  taken: readonly NeededPort[],
  settled: readonly number[],
): Promise<Map<string, number>> {
  const reserved = new Set([...Object.values(DEMO_PORTS), ...settled]);
  const proposals = new Map<string, number>();
  for (const { port, variable } of taken) {
    for (let candidate = port + 1; candidate <= LAST_PORT; candidate++) {
      if (reserved.has(candidate) || (await isTaken(candidate))) continue;
      reserved.add(candidate);
      proposals.set(variable, candidate);
      break;
    }
  }
  return proposals;
}

/** Whether the port is in use on either loopback address, or cannot be bound. */
export async function isTaken(port: number): Promise<boolean> {
  const answers = await Promise.all(LOOPBACK_ADDRESSES.map((host) => answersAt(host, port)));
  // Binding alone is not proof: macOS allows 127.0.0.1 to be bound beside a wildcard listener.
  // Connecting alone is not either: a listener with a full queue does not answer.
  return answers.includes(true) || !(await canBind(port));
}

function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

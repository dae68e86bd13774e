import { connect, createServer } from "node:net";
import type { NeededPort, ServiceDescription } from "./stack.ts";

const CONNECT_LIMIT_MS = 500;
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/**
 * The ports of `services` that are in use. Looks at both loopback addresses: a stranger on `[::1]:3050` would be what a browser
 * finds under `localhost:3050`, although 127.0.0.1 is free.
 */
export async function takenPorts(services: readonly ServiceDescription[]): Promise<NeededPort[]> {
  const wanted = services.flatMap((service) => service.ports);
  const taken = await Promise.all(wanted.map(async ({ port }) => isTaken(port)));
  return wanted.filter((_, index) => taken[index]);
}

/** Whether somebody listens there, on either loopback address, or it cannot be bound. */
export async function isTaken(port: number): Promise<boolean> {
  const answers = await Promise.all(LOOPBACK_ADDRESSES.map((host) => answersAt(host, port)));
  // Binding alone is not proof: macOS lets 127.0.0.1 be bound beside a wildcard listener. Connecting alone is not either:
  // a listener with a full queue does not answer.
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

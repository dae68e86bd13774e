import { connect, createServer } from "node:net";
import { isInTimeWait } from "agent-kit/service";
import type { NeededPort, ServiceDescription } from "./describe-stack.ts";
import { DEMO_PORTS } from "./stack.ts";

const CONNECT_LIMIT_MS = 500;
const LAST_PORT = 65_535;
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/** Ports that cannot be listened on now. */
export interface UnavailablePorts {
  /** In use by a process. */
  readonly taken: readonly NeededPort[];
  /** In TIME-WAIT: free within a minute, unless another connection takes the port. */
  readonly closing: readonly NeededPort[];
}

/**
 * The ports of `services` that are not free. Checks both loopback addresses, because a browser
 * would find another program on `[::1]:3050` under `localhost:3050`, even if 127.0.0.1 is free.
 */
export async function unavailablePorts(services: readonly ServiceDescription[]): Promise<UnavailablePorts> {
  const wanted = services.flatMap((service) => service.ports);
  const states = await Promise.all(wanted.map(async ({ port }) => stateOf(port)));
  const inState = (state: PortState) => wanted.filter((_, index) => states[index] === state);
  return { taken: inState("taken"), closing: inState("closing") };
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
    if (variable === undefined) continue;
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
  return (await stateOf(port)) !== "free";
}

type PortState = "free" | "closing" | "taken";

async function stateOf(port: number): Promise<PortState> {
  const answers = await Promise.all(LOOPBACK_ADDRESSES.map((host) => answersAt(host, port)));
  // Binding alone is not proof: macOS allows 127.0.0.1 to be bound beside a wildcard listener.
  // Connecting alone is not either: a listener with a full queue does not answer.
  if (answers.includes(true)) return "taken";
  if (await canBind(port)) return "free";
  return (await isInTimeWait(port)) ? "closing" : "taken";
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

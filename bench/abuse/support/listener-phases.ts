import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { residentMib } from "../../../scripts/demo/memory.ts";
import { machineLine } from "../../machine.ts";
import { quantile } from "../../measure.ts";

const PHASE_MS = 8000;
/** Attackers are not where the honest caller is. */
const FIRST_ATTACKER = 2;

/** One attack on a listener, and what it is compared with. */
export interface ListenerAttack {
  readonly title: string;
  /** The process under attack. */
  readonly pid: number;
  readonly port: number;
  /** Connections at a time. */
  readonly connections: number;
  /** Addresses that they come from, 127.0.0.2 and up. Default 1. */
  readonly addresses?: number;
  /** Called once for each connection, and again when it has ended. */
  attack(socket: Socket): void;
  /** A plain request that ends in 404. */
  readonly plain: string;
  /** Time between two plain requests of a connection, milliseconds. Default 0: as soon as the answer is there. */
  readonly plainEveryMs?: number;
  /** One request of the honest caller; throws where it is not served. */
  honest(): Promise<void>;
}

/** Prints what the honest caller sees before, during and after the attack, and under as many connections with plain requests. */
export async function showPhases(attack: ListenerAttack): Promise<void> {
  console.log(`${machineLine()}\n${attack.title}`);
  // Until V8 has optimised what is measured.
  await phase(undefined, attack);
  await phase("before", attack);
  const plain = openAll(attack, (socket) => {
    socket.write(attack.plain);
    let received = "";
    socket.setEncoding("latin1").on("data", (text) => {
      received += text;
      if (!received.includes("HTTP/1.1 404")) return;
      received = "";
      setTimeout(() => socket.write(attack.plain), attack.plainEveryMs ?? 0);
    });
  });
  const plainP50Ms = await phase("404s", attack);
  await plain();
  const attacking = openAll(attack, (socket) => {
    socket.resume();
    attack.attack(socket);
  });
  const attackP50Ms = await phase("during", attack);
  await attacking();
  await phase("after", attack);
  console.log(`p50 during the attack / under 404s: ${(attackP50Ms / plainP50Ms).toFixed(2)}`);
}

async function phase(name: string | undefined, { honest, pid }: ListenerAttack): Promise<number> {
  const latenciesMs: number[] = [];
  let failed = 0;
  let sockets = 0;
  let memoryMib = 0;
  const until = performance.now() + (name === undefined ? PHASE_MS / 2 : PHASE_MS);
  for (let turn = 0; performance.now() < until; turn++) {
    const startedAt = performance.now();
    await honest().catch(() => failed++);
    latenciesMs.push(performance.now() - startedAt);
    if (turn % 20 === 0) {
      sockets = Math.max(sockets, openSockets(pid));
      memoryMib = Math.max(memoryMib, residentMib(pid) ?? 0);
    }
    await pause(5);
  }
  const p50Ms = quantile(latenciesMs, 0.5);
  if (name === undefined) return p50Ms;
  console.log(
    `${name.padEnd(7)} ${String(latenciesMs.length).padStart(5)} honest requests, ${failed} not served, ` +
      `p50 ${p50Ms.toFixed(1)} ms, p99 ${quantile(latenciesMs, 0.99).toFixed(1)} ms; ` +
      `files and sockets ${sockets}, RSS ${memoryMib.toFixed(0)} MiB`,
  );
  return p50Ms;
}

/** Keeps so many connections open. Returns what ends them. */
function openAll(
  { port, connections, addresses = 1 }: ListenerAttack,
  use: (socket: Socket) => void,
): () => Promise<void> {
  const open = new Set<Socket>();
  let isOver = false;
  const start = (index: number) => {
    if (isOver) return;
    const localAddress = `127.0.0.${FIRST_ATTACKER + (index % addresses)}`;
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    open.add(socket);
    socket.on("connect", () => use(socket)).on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      setTimeout(() => start(index), 50);
    });
  };
  for (let index = 0; index < connections; index++) start(index);
  return async () => {
    isOver = true;
    for (const socket of open) socket.destroy();
    await pause(500);
  };
}

function openSockets(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Pool } from "undici";
import type { startStack } from "../../../tests/support/start-stack.ts";
import { quantile } from "../../measure.ts";
import type { FloodPlan } from "./gateway-flood.ts";

/** The gateway of a stack, and an honest caller that fetches an agent's metadata through it. */
export function honestCaller(stack: Awaited<ReturnType<typeof startStack>>) {
  const { gateway: port } = stack.ports;
  const pid = stack.processes.find(({ name }) => name === "gateway")!.pid!;
  const headers = { host: `supply-chain-agent.localhost:${port}` };
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 });
  const honest = async () => {
    const answer = await pool.request({ method: "GET", path: "/.well-known/aauth-agent", headers });
    await answer.body.dump();
    return String(answer.statusCode);
  };
  return { port, pid, headers, honest, close: () => pool.close() };
}

/** The flood is under way, and what the first requests of it cost is over. */
const SETTLING_MS = 1_000;

/** What honest callers have seen. */
export interface Phase {
  readonly p50Ms: number;
  /** Answers other than 200, by status or code. */
  readonly wrong: Readonly<Record<string, number>>;
}

/**
 * Sends honest requests one after the other for `seconds`, under a flood if there is one, and prints a line.
 *
 * @param options.honest one request; resolves with its status or code
 * @param options.pid the process whose memory and sockets are printed
 */
export async function phase(
  name: string,
  options: {
    seconds: number;
    honest: () => Promise<string>;
    pauseMs: number;
    pid: number;
    flood?: FloodPlan;
  },
): Promise<Phase> {
  const { seconds, honest, pauseMs, pid } = options;
  const flood =
    options.flood &&
    new Worker(new URL("./gateway-flood.ts", import.meta.url), { workerData: options.flood });
  if (flood !== undefined) await pause(SETTLING_MS);
  const latencies: number[] = [];
  const wrong: Record<string, number> = {};
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const startedAt = performance.now();
    const outcome = await honest();
    latencies.push(performance.now() - startedAt);
    if (outcome !== "200") wrong[outcome] = (wrong[outcome] ?? 0) + 1;
    await pause(pauseMs);
  }
  const p50Ms = quantile(latencies, 0.5);
  const facts = [
    name.padEnd(42),
    `p50 ${ms(p50Ms)}  p99 ${ms(quantile(latencies, 0.99))}`,
    `${latencies.length} sent, not 200: ${JSON.stringify(wrong)}`,
    `sockets ${socketsOf(pid)}  RSS ${residentMib(pid)} MiB`,
    ...(flood === undefined ? [] : [`flood: ${JSON.stringify(await answersOf(flood))}`]),
  ];
  console.log(facts.join("  "));
  if (flood !== undefined) {
    await flood.terminate();
    await pause(SETTLING_MS);
  }
  return { p50Ms, wrong };
}

async function answersOf(flood: Worker): Promise<object> {
  const answer = once(flood, "message");
  flood.postMessage("answers");
  return (await answer)[0] as object;
}

/** Linux only; elsewhere nothing is known of them. */
function socketsOf(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  return readIfThere(() => readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length);
}

function residentMib(pid: number): number | undefined {
  return readIfThere(() => {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Math.round(Number(kib) / 1024);
  });
}

function isSocket(path: string): boolean {
  return readIfThere(() => readlinkSync(path).startsWith("socket:")) ?? false;
}

function readIfThere<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const ms = (value: number) => `${value.toFixed(1).padStart(7)} ms`;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

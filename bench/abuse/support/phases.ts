import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { startStack, type TestStack } from "../../../tests/support/start-stack.ts";
import { busyMachineLine, machineLine } from "../../machine.ts";
import { quantile } from "../../measure.ts";
import { useBelow } from "../../processes.ts";
import type { Flood } from "./flood.ts";

/** Resolves, once it has begun, with what ends it. */
export type Load = () => Promise<() => Promise<unknown>>;

export interface Attack {
  readonly title: string;
  /** Service of the stack whose memory and sockets are shown. */
  readonly service: string;
  /** One request of the honest caller. Resolves with the status. */
  honest(): Promise<number>;
  /** The status that shows that the honest caller was served. Default 200. */
  readonly served?: number;
  readonly attack: Load;
  /** Plain requests that end in a refusal, over the same number of connections. */
  readonly plain: Load;
  /**
   * Most that the honest caller's p99 may grow under the attack, as a quotient. Default: it is not
   * judged.
   */
  readonly maxP99Ratio?: number;
  /** Between two honest requests. Default 5. */
  readonly pauseMs?: number;
}

const PHASE_MS = 8_000;
/** A flood has begun, or its last requests are answered. */
const SETTLING_MS = 1_000;
const PAUSE_MS = 5;
const SAMPLE_EVERY = 20;

/** The processes whose memory and sockets are shown. */
type Processes = Pick<TestStack, "processes">;

/**
 * Prints what the honest caller sees before, under plain requests, under the attack and after. Sets
 * exit code 1 when a request of the honest caller is not served under the attack or after it, or
 * its p99 grows too much.
 */
export async function showPhases(stack: Processes, attack: Attack): Promise<void> {
  console.log([machineLine(), busyMachineLine(), attack.title].filter(Boolean).join("\n"));
  const none: Load = async () => async () => {};
  // V8 optimises the measured code.
  await phase("warm-up", stack, attack, none);
  const before = await phase("before", stack, attack, none);
  const plain = await phase("plain", stack, attack, attack.plain);
  const during = await phase("attack", stack, attack, attack.attack);
  const after = await phase("after", stack, attack, none);
  console.log(
    `p50 under the attack / under plain requests: ${(during.p50Ms / plain.p50Ms).toFixed(2)}; ` +
      `${during.failed} honest requests were not served under the attack, ${after.failed} after it`,
  );
  const p99Ratio = during.p99Ms / before.p99Ms;
  console.log(`p99 under the attack / before: ${p99Ratio.toFixed(2)}`);
  if (during.failed > 0 || after.failed > 0 || p99Ratio > (attack.maxP99Ratio ?? Number.POSITIVE_INFINITY))
    process.exitCode = 1;
}

async function phase(name: string, stack: Processes, attack: Attack, load: Load) {
  const { pid } = stack.processes.find((running) => running.name === attack.service)!;
  const stop = await load();
  await pause(SETTLING_MS);
  const latenciesMs: number[] = [];
  const failures = new Map<string, number>();
  const most = { memoryMib: 0, sockets: 0 };
  const end = performance.now() + PHASE_MS;
  for (let turn = 0; performance.now() < end; turn++) {
    const startedAt = performance.now();
    const outcome = await attack.honest().catch((error: { code?: string }) => error.code ?? "failed");
    latenciesMs.push(performance.now() - startedAt);
    if (outcome !== (attack.served ?? 200)) {
      failures.set(String(outcome), (failures.get(String(outcome)) ?? 0) + 1);
    }
    if (turn % SAMPLE_EVERY === 0) {
      const { memoryMib, sockets } = useBelow(pid!);
      most.memoryMib = Math.max(most.memoryMib, memoryMib);
      most.sockets = Math.max(most.sockets, sockets);
    }
    await pause(attack.pauseMs ?? PAUSE_MS);
  }
  const answers = await stop();
  const ms = (share: number) => `${quantile(latenciesMs, share).toFixed(1)} ms`;
  console.log(
    `${name.padEnd(8)} ${latenciesMs.length} honest requests, not served ${JSON.stringify(Object.fromEntries(failures))}, ` +
      `p50 ${ms(0.5)}, p99 ${ms(0.99)}; ${attack.service}: ${most.sockets} sockets, ${most.memoryMib.toFixed(0)} MiB` +
      (answers === undefined ? "" : `; answers to the load ${JSON.stringify(answers)}`),
  );
  await pause(SETTLING_MS);
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  return { p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99), failed };
}

/**
 * Load from a separate thread; see {@link Flood}. The function that ends it resolves with the
 * number of answers by status.
 */
export function flood(plan: Flood): Load {
  return async () => {
    const worker = new Worker(new URL("./flood.ts", import.meta.url), { workerData: plan });
    await once(worker, "message");
    return async () => {
      const answers = once(worker, "message");
      worker.postMessage("stop");
      return (await answers)[0];
    };
  };
}

/**
 * Keeps `count` connections open, from 127.0.0.2 and the addresses after it. `use` receives each
 * when it is open.
 */
export function connections(options: {
  port: number;
  count: number;
  addresses?: number;
  use: (socket: Socket) => void;
}): Load {
  const { port, count, addresses = 1, use } = options;
  return async () => {
    const open = new Set<Socket>();
    let isOver = false;
    const start = (index: number) => {
      if (isOver) return;
      const localAddress = `127.0.0.${2 + (index % addresses)}`;
      const socket = connect({ port, host: "127.0.0.1", localAddress });
      open.add(socket.resume());
      socket.on("connect", () => use(socket)).on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        setTimeout(() => start(index), 50);
      });
    };
    for (let index = 0; index < count; index++) start(index);
    return async () => {
      isOver = true;
      for (const socket of open) socket.destroy();
    };
  };
}

/** Runs an attack on a separate stack. */
export async function attackStack(
  attackOf: (stack: TestStack) => Attack | Promise<Attack>,
  options: Parameters<typeof startStack>[0] = {},
): Promise<void> {
  const stack = await startStack({ ...options, processes: true });
  try {
    await showPhases(stack, await attackOf(stack));
  } finally {
    await stack.stop();
  }
  process.exit();
}

/**
 * The value of `--NAME`, the first of `allowed` by default; ends the program when it is another.
 */
export function choice<Value extends string>(name: string, allowed: readonly [Value, ...Value[]]): Value {
  const { values } = parseArgs({ options: { [name]: { type: "string" } }, strict: false });
  const value = values[name] ?? allowed[0];
  const chosen = allowed.find((each) => each === value);
  if (chosen !== undefined) return chosen;
  console.error(`--${name}: expected ${allowed.join(" or ")}`);
  process.exit(2);
}

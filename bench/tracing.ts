/**
 * What spans cost: the autonomous flow over both hops with the services' spans and without, tokens cached and not, by the clock; and one
 * hop by the processor time of the supply-chain agent, which verifies a request, signs one and answers. Then the trace store: how many
 * spans it takes, and its heap and its resident memory when it is full.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { installLocalhostLookup } from "agent-kit/service";
import { type FlowStack, startFlowStack } from "./flow/flow-stack.ts";
import { askOnce, promptBody } from "./flow/prompt.ts";
import { startSignedCaller } from "./flow/signed-caller.ts";
import { quantile } from "./measure.ts";
import { type Figure, printRows, publishRows, rowsOf } from "./rows.ts";
import { processCpuUs } from "./tracing/process-cpu.ts";
import { measureTraceStore } from "./tracing/trace-store-load.ts";

const WARM_UP_FLOWS = 400;
const ROUNDS = 15;
const FLOWS_PER_ROUND = 100;
/** The service that is measured for one hop: its processor time is counted in hundredths of a second, hence so many flows a round. */
const HOP_SERVICE = "supply-chain-agent";

const body = promptBody();

interface Side {
  readonly stack: FlowStack;
  readonly flow: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function start(options: { traced: boolean; collectorUrl?: string }): Promise<Side> {
  const stack = await startFlowStack({ logLevel: "warn", replacement: () => undefined, ...options });
  const caller = await startSignedCaller(stack.urls.issuer, true);
  return {
    stack,
    flow: () => askOnce(caller.send, `${stack.urls.supplyChainAgent}/`, body),
    stop: async () => {
      await caller.stop();
      await stack.stop();
    },
  };
}

interface Round {
  readonly flowMs: number;
  /** Processor time of the measured service for one flow. */
  readonly hopUs: number;
}

async function round({ stack, flow }: Side): Promise<Round> {
  const { pid } = stack.processes.find(({ name }) => name === HOP_SERVICE)!;
  const cpuBefore = processCpuUs(pid!);
  const times: number[] = [];
  for (let count = 0; count < FLOWS_PER_ROUND; count++) {
    const startedAt = performance.now();
    await flow();
    times.push(performance.now() - startedAt);
  }
  return { flowMs: quantile(times, 0.5), hopUs: (processCpuUs(pid!) - cpuBefore) / FLOWS_PER_ROUND };
}

async function measureFlow(): Promise<Figure[]> {
  const silent = await startSilentCollector();
  const sides = await Promise.allSettled([
    start({ traced: true }),
    start({ traced: false }),
    start({ traced: true, collectorUrl: silent.url }),
  ]);
  try {
    const [traced, plain, unheard] = sides.map((side) => {
      if (side.status === "rejected") throw side.reason;
      return side.value;
    }) as [Side, Side, Side];
    for (const { flow } of [traced, plain, unheard])
      for (let count = 0; count < WARM_UP_FLOWS; count++) await flow();
    const rounds: { with: Round; without: Round; unheard: Round }[] = [];
    for (let count = 0; count < ROUNDS; count++) {
      // Another one begins each time.
      const order = [traced, plain, unheard].map((_, index, all) => all[(index + count) % all.length]!);
      const seen = new Map<Side, Round>();
      for (const side of order) seen.set(side, await round(side));
      rounds.push({ with: seen.get(traced)!, without: seen.get(plain)!, unheard: seen.get(unheard)! });
    }
    const median = (of: (pair: (typeof rounds)[number]) => number) => quantile(rounds.map(of), 0.5);
    console.log(
      `\none flow over both hops, tokens cached, median of ${ROUNDS} rounds\n` +
        `  untraced ${median(({ without }) => without.flowMs).toFixed(2)} ms, traced ${median((pair) => pair.with.flowMs).toFixed(2)} ms; ` +
        `processor time of ${HOP_SERVICE}: ${median(({ without }) => without.hopUs).toFixed(0)} and ${median((pair) => pair.with.hopUs).toFixed(0)} us a flow`,
    );
    return [
      {
        what: "tracing: one hop, processor time with / without",
        value: median((pair) => pair.with.hopUs / pair.without.hopUs),
      },
      {
        what: "tracing: flow over both hops, time with / without",
        value: median((pair) => pair.with.flowMs / pair.without.flowMs),
      },
      {
        what: "tracing: flow over both hops, added",
        value: median((pair) => pair.with.flowMs - pair.without.flowMs),
        unit: "ms",
      },
      {
        what: "tracing: flow, time with a collector that never answers / with one that does",
        value: median((pair) => pair.unheard.flowMs / pair.with.flowMs),
      },
    ];
  } finally {
    for (const side of sides) if (side.status === "fulfilled") await side.value.stop();
    await silent.stop();
  }
}

/** Takes requests and never says a word. */
async function startSilentCollector(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request) => void request.resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

installLocalhostLookup();
const rows = rowsOf([...(await measureFlow()), ...(await measureTraceStore())]);
printRows(rows);
publishRows(rows);

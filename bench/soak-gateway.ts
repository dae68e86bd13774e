/**
 * `node bench/soak-gateway.ts [--minutes 10] [--rate 200]`: a steady rate of signed requests through the embedded gateway and its check
 * service, with spans, and the memory of both every 30 seconds. Ends with a verdict: flat when a straight line through the last two
 * thirds of the samples does not rise by more than what is noise. Exit code 1 when it does, or when a request was not answered with 200.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { freePorts } from "../tests/support/free-ports.ts";
import { type BenchAgent, startAgent } from "./gateway/agent.ts";
import { resourceAt, startAuthz, startGateway } from "./gateway/gateway-program.ts";
import { Program } from "./gateway/program.ts";
import type { Usage } from "./gateway/usage.ts";
import { busyMachineLine, machineLine } from "./machine.ts";
import { quantile } from "./measure.ts";

const TICK_MS = 20;
const SAMPLE_SECONDS = 30;
const CONNECTIONS = 16;
/** More than a short stall piles up; beyond it requests are not sent, and counted as such. */
const MAX_UNDER_WAY = 400;
/** The first third fills caches, the memory of nonces (two minutes' worth) and the optimised code. */
const SETTLING_SHARE = 1 / 3;
const MIN_SAMPLES = 6;
const MIB = 2 ** 20;
/** What a fitted line may rise over the samples it is fitted to. The heap is taken after a collection, resident memory is not. */
const NOISE = { heapBytes: { share: 0.03, bytes: MIB }, residentBytes: { share: 0.05, bytes: 8 * MIB } };

type Measure = keyof typeof NOISE;

interface Counts {
  sent: number;
  answered: number;
  skipped: number;
  /** Answers other than 200, and failures, by status or code. */
  readonly wrong: Map<string, number>;
}

interface Sample {
  readonly seconds: number;
  readonly usages: ReadonlyMap<string, Usage>;
}

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, rate: { type: "string", default: "200" } },
});
const minutes = bounded("minutes", values.minutes, 240);
const rate = bounded("rate", values.rate, 2_000);

function bounded(name: string, text: string, maximum: number): number {
  const value = Number(text);
  if (value > 0 && value <= maximum) return value;
  console.error(`--${name}: expected a number above 0, at most ${maximum}`);
  process.exit(2);
}

const stops: (() => unknown)[] = [];
const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());

async function startAll() {
  const [origin, agentPort, authzPort, port] = (await freePorts(4)) as [number, number, number, number];
  const folder = mkdtempSync(join(tmpdir(), "soak-gateway-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const keep = (program: Program) => {
    stops.push(() => program.stop());
    return program;
  };
  const agent = await startAgent(agentPort);
  stops.push(agent.stop);
  const nodeFlags = ["--expose-gc"];
  keep(
    await Program.start(new URL("./gateway/origin.ts", import.meta.url), {
      port: origin,
      args: [String(origin)],
    }),
  );
  const authz = keep(await startAuthz({ port: authzPort, gatewayPorts: [port], traced: true, nodeFlags }));
  const gateway = await startGateway({
    port,
    originPort: origin,
    check: { authzPort, agent: agent.id },
    traced: true,
    folder,
    name: "soak",
    nodeFlags,
    keepsLog: false,
  });
  const programs = new Map([
    ["gateway", keep(gateway)],
    ["gateway-authz", authz],
  ]);
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
  stops.push(() => pool.close());
  return { agent, url: resourceAt(port), pool, programs };
}

/** Sends at the rate, whether answers come or not. Resolves when the last one is answered. */
async function sendSteadily(
  { agent, url, pool }: { agent: BenchAgent; url: string; pool: Pool },
  counts: Counts,
): Promise<void> {
  const startedAt = performance.now();
  const pending = new Set<Promise<void>>();
  const one = async () => {
    try {
      const { headers, body } = await agent.signed(url);
      const answer = await pool.request({ method: "POST", path: "/", headers, body });
      await answer.body.dump();
      counts.answered++;
      if (answer.statusCode !== 200) note(counts, String(answer.statusCode));
    } catch (error) {
      note(counts, (error as { code?: string }).code ?? "failed");
    }
  };
  while (!ended.signal.aborted) {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const due = Math.floor(Math.min(elapsedSeconds, minutes * 60) * rate) - counts.sent - counts.skipped;
    for (let count = 0; count < due; count++) {
      if (pending.size >= MAX_UNDER_WAY) {
        counts.skipped++;
        continue;
      }
      counts.sent++;
      const request = one();
      pending.add(request);
      void request.finally(() => pending.delete(request));
    }
    if (elapsedSeconds >= minutes * 60) break;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(pending);
}

function note({ wrong }: Counts, what: string): void {
  wrong.set(what, (wrong.get(what) ?? 0) + 1);
}

async function takeSample(programs: ReadonlyMap<string, Program>, seconds: number): Promise<Sample> {
  const usages = new Map<string, Usage>();
  for (const [name, program] of programs) usages.set(name, await program.usage());
  return { seconds, usages };
}

function printSample({ seconds, usages }: Sample, counts: Counts): void {
  const memory = [...usages].map(([name, { residentBytes, heapBytes }]) => {
    const mib = (bytes: number) => (bytes / MIB).toFixed(1).padStart(6);
    return `${name} resident ${mib(residentBytes)} MiB, heap ${mib(heapBytes)} MiB`;
  });
  const wrong = [...counts.wrong].map(([what, count]) => `, ${what}: ${count}`).join("");
  console.log(
    `${String(Math.round(seconds)).padStart(5)} s  ${memory.join("  ")}  ${counts.answered} answered${wrong}`,
  );
}

/**
 * Slope of the line through the points, bytes a second: the median of the slopes between any two (Theil and Sen). A least-squares line
 * takes one step, such as the collector giving memory back to the system and taking it again, for a rise.
 */
function slope(points: readonly (readonly [seconds: number, bytes: number])[]): number {
  const slopes = points.flatMap(([seconds, bytes], index) =>
    points
      .slice(index + 1)
      .map(([laterSeconds, laterBytes]) => (laterBytes - bytes) / (laterSeconds - seconds)),
  );
  return quantile(slopes, 0.5);
}

/** Undefined when the run was too short to say. */
function isFlat(samples: readonly Sample[]): boolean | undefined {
  const settled = samples.filter(({ seconds }) => seconds >= samples.at(-1)!.seconds * SETTLING_SHARE);
  if (settled.length < MIN_SAMPLES) return undefined;
  const spanSeconds = settled.at(-1)!.seconds - settled[0]!.seconds;
  let flat = true;
  for (const name of settled[0]!.usages.keys()) {
    for (const measure of Object.keys(NOISE) as Measure[]) {
      const points = settled.map(({ seconds, usages }) => [seconds, usages.get(name)![measure]] as const);
      const rise = slope(points) * spanSeconds;
      const mean = points.reduce((sum, [, bytes]) => sum + bytes, 0) / points.length;
      const allowed = Math.max(NOISE[measure].share * mean, NOISE[measure].bytes);
      const verdict = rise <= allowed ? "flat" : "NOT FLAT";
      if (rise > allowed) flat = false;
      console.log(
        `${name}, ${measure === "heapBytes" ? "heap" : "resident"}: ${(mean / MIB).toFixed(1)} MiB on average, fitted rise ` +
          `${(rise / MIB).toFixed(2)} MiB in ${Math.round(spanSeconds)} s (allowed ${(allowed / MIB).toFixed(2)}): ${verdict}`,
      );
    }
  }
  return flat;
}

try {
  console.log(`${machineLine()}\n${rate} requests a second for ${minutes} minutes`);
  const busy = busyMachineLine();
  if (busy !== undefined) console.log(busy);
  const all = await startAll();
  const counts: Counts = { sent: 0, answered: 0, skipped: 0, wrong: new Map() };
  const startedAt = performance.now();
  const sending = sendSteadily(all, counts).finally(() => ended.abort());
  const samples: Sample[] = [];
  while (!ended.signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SAMPLE_SECONDS * 1000);
      ended.signal.addEventListener("abort", () => [clearTimeout(timer), resolve()], { once: true });
    });
    const sample = await takeSample(all.programs, (performance.now() - startedAt) / 1000);
    samples.push(sample);
    printSample(sample, counts);
  }
  await sending;
  const failures = [...counts.wrong.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${counts.sent} sent, ${counts.answered} answered, ${failures} of them not with 200 or failed, ${counts.skipped} not sent because too many were under way`,
  );
  const flat = isFlat(samples);
  if (flat === false || failures > 0) process.exitCode = 1;
  console.log(`verdict: ${flat === undefined ? "none, the run was too short" : flat ? "flat" : "NOT FLAT"}`);
} finally {
  for (const stop of stops.reverse()) await stop();
}

/**
 * The embedded gateway against `@fastify/http-proxy` in one run: POST 1 KB, 1 KB back. Every
 * gateway, the origin and the check service are separate processes; this one is the load generator.
 * Rounds are interleaved and ratios are taken within a round, so that other work of the machine
 * affects all contenders. Processor time is that of the gateway's process, without the check
 * service's.
 *
 * @module
 */

import assert from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { coresLine, stayOn } from "../cores.ts";
import { quantile } from "../measure.ts";
import { type Program, startProgram } from "../program.ts";
import { type Figure, printRows, publishRows, rowsOf } from "../rows.ts";
import { type BenchAgent, startAgent } from "./gateway/agent.ts";
import { resourceAt, startAuthz, startGateway } from "./gateway/gateway-program.ts";
import { type PreparedRequest, sendAll } from "./route/load.ts";

const REQUESTS = 2_000;
const CONNECTIONS = 8;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 11;

interface Contender {
  readonly name: string;
  readonly program: Program;
  readonly pool: Pool;
  /** The resource that a signature must be for; unset where nothing is checked. */
  readonly resource?: string;
}

/** One contender in one round: processor time of one request, requests per second, p99. */
interface Sample {
  readonly cpuUs: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

type Round = ReadonlyMap<string, Sample>;

const DIRECT = "origin, no gateway";
const FASTIFY = "@fastify/http-proxy 11.6.3";
const PLAIN = "gateway";
const CHECKED = "gateway with AAuth check";

const stops: (() => unknown)[] = [];
const folder = mkdtempSync(join(tmpdir(), "bench-gateway-"));
stops.push(() => rmSync(folder, { recursive: true, force: true }));

async function startAll() {
  stayOn("load");
  const [originPort, authzPort, ...ports] = (await freePorts(5)) as [number, number];
  const [plain, checked, fastify] = ports as unknown as number[];
  const contenders: Contender[] = [];
  const add = (name: string, port: number, program: Program, resource?: string) => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
    stops.push(program.stop, () => pool.close());
    contenders.push({ name, program, pool, ...(resource !== undefined && { resource }) });
  };
  const script = (name: string) => new URL(`./gateway/${name}.ts`, import.meta.url);

  const agent = await startAgent();
  stops.push(agent.stop);
  const args = [String(originPort)];
  add(DIRECT, originPort, await startProgram(script("origin"), { port: originPort, args }));
  const proxy = { port: fastify!, args: [String(fastify), ...args], core: "measured" } as const;
  add(FASTIFY, fastify!, await startProgram(script("fastify-proxy"), proxy));
  const common = { originPort, folder };
  add(PLAIN, plain!, await startGateway({ ...common, port: plain!, name: "plain" }));
  const authz = await startAuthz(authzPort, checked!);
  stops.push(authz.stop);
  const check = { authzPort, agent: agent.id };
  const gateway = await startGateway({ ...common, port: checked!, check, name: CHECKED });
  add(CHECKED, checked!, gateway, resourceAt(checked!));
  return { contenders, agent };
}

/** A gateway that accepts forgeries, or writes no log, would win any race. */
async function doesItsWork(agent: BenchAgent, { name, pool, resource: url = "" }: Contender): Promise<void> {
  const send = async ({ headers, body }: PreparedRequest) => {
    const answer = await pool.request({ method: "POST", path: "/", headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
  const good = await agent.signed(url);
  const signature = good.headers.signature!.replace(/[A-Za-z]/, (letter) => (letter === "A" ? "B" : "A"));
  assert.equal(await send(agent.unsigned(url)), 403, "an unsigned request, by the policy");
  assert.equal(await send({ ...good, headers: { ...good.headers, signature } }), 401, "a forged signature");
  assert.equal(await send(good), 200);
  assert.equal(await send(good), 401, "a nonce for the second time");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const lines = readFileSync(join(folder, `${name}.log`), "utf8").match(/\trequest /g);
  assert.equal(lines?.length, 4, "a line a request");
}

async function runRound(
  { contenders, agent }: Awaited<ReturnType<typeof startAll>>,
  turn: number,
): Promise<Round> {
  const unsigned = Array.from({ length: REQUESTS }, () => agent.unsigned(resourceAt(0)));
  const samples = new Map<string, Sample>();
  for (let index = 0; index < contenders.length; index++) {
    // Another one starts each round: none is always first after a pause.
    const contender = contenders[(index + turn) % contenders.length]!;
    let requests: readonly PreparedRequest[] = unsigned;
    if (contender.resource !== undefined) {
      const signed: PreparedRequest[] = [];
      while (signed.length < REQUESTS) signed.push(await agent.signed(contender.resource));
      requests = signed;
    }
    const before = contender.program.cpuUs();
    const { requestsPerSecond, latenciesMs } = await sendAll(contender.pool, "/", requests, CONNECTIONS);
    const cpuUs = (contender.program.cpuUs() - before) / REQUESTS;
    samples.set(contender.name, { cpuUs, requestsPerSecond, p99Ms: quantile(latenciesMs, 0.99) });
  }
  return samples;
}

function report(rounds: readonly Round[]): void {
  const median = (of: (get: (name: string) => Sample) => number) =>
    quantile(
      rounds.map((round) => of((name) => round.get(name)!)),
      0.5,
    );
  console.log(`POST 1 KB -> 1 KB at ${CONNECTIONS} connections; median of ${ROUNDS} rounds. ${coresLine()}`);
  for (const name of rounds[0]!.keys()) {
    const of = (field: keyof Sample) => median((get) => get(name)[field]);
    console.log(
      `  ${name.padEnd(30)} ${of("cpuUs").toFixed(0)} us of processor each, ` +
        `${of("requestsPerSecond").toFixed(0)} requests/s, p99 ${of("p99Ms").toFixed(2)} ms`,
    );
  }
  const ratio = (what: string, ours: string, peer: string, field: keyof Sample): Figure => ({
    what,
    value: median((get) => get(ours)[field] / get(peer)[field]),
  });
  const figures = [
    ratio("gateway, no check: processor time / @fastify/http-proxy", PLAIN, FASTIFY, "cpuUs"),
    ratio(
      "gateway, no check: requests per second / @fastify/http-proxy",
      PLAIN,
      FASTIFY,
      "requestsPerSecond",
    ),
    ratio("gateway with AAuth check: requests per second / without", CHECKED, PLAIN, "requestsPerSecond"),
  ];
  const rows = rowsOf(figures);
  console.log("");
  printRows(rows);
  publishRows(rows);
}

try {
  const all = await startAll();
  for (const contender of all.contenders) {
    if (contender.resource !== undefined) await doesItsWork(all.agent, contender);
  }
  const rounds: Round[] = [];
  for (let index = -WARM_UP_ROUNDS; index < ROUNDS; index++) {
    const round = await runRound(all, index + WARM_UP_ROUNDS);
    if (index >= 0) rounds.push(round);
  }
  report(rounds);
} finally {
  for (const stop of stops.reverse()) await stop();
}

/**
 * The embedded gateway against `@fastify/http-proxy` and Agentgateway (AGENTGATEWAY_BIN) in one run: POST 1 KB, 1 KB back. Every
 * gateway, the origin and the check service are processes of their own; this one is the load generator. Rounds are interleaved and ratios are taken within a
 * round, so that whatever the machine does meanwhile hits all of them. Processor time is the gateway's own process, the check
 * service's not counted.
 *
 * @module
 */

import assert from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { findExecutable } from "../scripts/find-executable.ts";
import { freePorts } from "../tests/support/free-ports.ts";
import { coresLine, stayOn } from "./cores.ts";
import { type BenchAgent, startAgent } from "./gateway/agent.ts";
import { resourceAt, startAgentgateway, startAuthz, startGateway } from "./gateway/gateway-program.ts";
import { quantile } from "./measure.ts";
import { type Program, startProgram } from "./program.ts";
import { type PreparedRequest, sendAll } from "./route/load.ts";
import { type Figure, printRows, publishRows, rowsOf } from "./rows.ts";

const REQUESTS_ALONE = 300;
const REQUESTS_TOGETHER = 2_000;
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

const FIELDS = ["cpuUs", "requestsPerSecond", "aloneP50Ms", "togetherP99Ms"] as const;

/** One contender in one round: processor time of one request, p50 at one connection, p99 at eight. */
type Sample = Readonly<Record<(typeof FIELDS)[number], number>>;

type Round = ReadonlyMap<string, Sample>;

const DIRECT = "origin, no gateway";
const FASTIFY = "@fastify/http-proxy 11.6.3";
const PLAIN = "gateway";
const CHECKED = "gateway with AAuth check";
const AGENTGATEWAY = "Agentgateway, 1 worker";
const AGENTGATEWAY_CHECKED = "Agentgateway with AAuth check";

const stops: (() => unknown)[] = [];
const folder = mkdtempSync(join(tmpdir(), "bench-gateway-"));
stops.push(() => rmSync(folder, { recursive: true, force: true }));

async function startAll() {
  stayOn("load");
  const [originPort, agentPort, authzPort, ...ports] = (await freePorts(8)) as [number, number, number];
  const [plain, checked, fastify, real, realChecked] = ports as unknown as number[];
  const contenders: Contender[] = [];
  const add = (name: string, port: number, program: Program, resource?: string) => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
    stops.push(program.stop, () => pool.close());
    contenders.push({ name, program, pool, ...(resource !== undefined && { resource }) });
  };
  const script = (name: string) => new URL(`./gateway/${name}.ts`, import.meta.url);

  const agent = await startAgent(agentPort);
  stops.push(agent.stop);
  const args = [String(originPort)];
  add(DIRECT, originPort, await startProgram(script("origin"), { port: originPort, args }));
  const proxy = { port: fastify!, args: [String(fastify), ...args], core: "measured" } as const;
  add(FASTIFY, fastify!, await startProgram(script("fastify-proxy"), proxy));
  const common = { originPort, folder };
  add(PLAIN, plain!, await startGateway({ ...common, port: plain!, name: "plain" }));
  const authz = await startAuthz(authzPort, [checked!, realChecked!]);
  stops.push(authz.stop);
  const check = { authzPort, agent: agent.id };
  const gateway = await startGateway({ ...common, port: checked!, check, name: CHECKED });
  add(CHECKED, checked!, gateway, resourceAt(checked!));
  const binary = findExecutable(process.env.AGENTGATEWAY_BIN || "agentgateway", process.env);
  if (binary !== undefined) {
    add(AGENTGATEWAY, real!, await startAgentgateway(binary, { ...common, port: real!, name: "real" }));
    const options = { ...common, port: realChecked!, check, name: AGENTGATEWAY_CHECKED };
    add(options.name, options.port, await startAgentgateway(binary, options), resourceAt(options.port));
  }
  return { contenders, agent };
}

/** A gateway that lets things pass would win any race, and so would one that writes no log. */
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
  const unsigned = Array.from({ length: REQUESTS_TOGETHER }, () => agent.unsigned(resourceAt(0)));
  const samples = new Map<string, Sample>();
  for (let index = 0; index < contenders.length; index++) {
    // Another one starts each round: none is always first after a pause.
    const contender = contenders[(index + turn) % contenders.length]!;
    const prepare = async (count: number) => {
      if (contender.resource === undefined) return unsigned.slice(0, count);
      const requests: PreparedRequest[] = [];
      while (requests.length < count) requests.push(await agent.signed(contender.resource));
      return requests;
    };
    const few = await prepare(REQUESTS_ALONE);
    const many = await prepare(REQUESTS_TOGETHER);
    const alone = await sendAll(contender.pool, "/", few, 1);
    const before = contender.program.cpuUs();
    const together = await sendAll(contender.pool, "/", many, CONNECTIONS);
    const after = contender.program.cpuUs();
    samples.set(contender.name, {
      cpuUs: (after - before) / REQUESTS_TOGETHER,
      requestsPerSecond: together.requestsPerSecond,
      aloneP50Ms: quantile(alone.latenciesMs, 0.5),
      togetherP99Ms: quantile(together.latenciesMs, 0.99),
    });
  }
  return samples;
}

function report(rounds: readonly Round[]): void {
  const names = [...rounds[0]!.keys()];
  const median = (of: (get: (name: string) => Sample) => number) =>
    quantile(
      rounds.map((round) => of((name) => round.get(name)!)),
      0.5,
    );
  const added = (get: (name: string) => Sample, name: string) =>
    get(name).aloneP50Ms - get(DIRECT).aloneP50Ms;
  console.log(`POST 1 KB -> 1 KB; median of ${ROUNDS} rounds. ${coresLine()}`);
  for (const name of names) {
    const { cpuUs, requestsPerSecond, togetherP99Ms } = Object.fromEntries(
      FIELDS.map((field) => [field, median((get) => get(name)[field])]),
    ) as unknown as Sample;
    console.log(
      `  ${name.padEnd(30)} ${cpuUs.toFixed(0)} us of processor each, ${requestsPerSecond.toFixed(0)} requests/s, ` +
        `p50 at 1 connection ${median((get) => added(get, name)).toFixed(2)} ms above the origin's, ` +
        `p99 at ${CONNECTIONS} ${togetherP99Ms.toFixed(2)} ms`,
    );
  }
  const ratio = (what: string, ours: string, peer: string, of: (sample: Sample) => number): Figure[] =>
    names.includes(peer) ? [{ what, value: median((get) => of(get(ours)) / of(get(peer))) }] : [];
  const p99 = (what: string, name: string): Figure => ({
    what: `${what}: p99 at ${CONNECTIONS} connections`,
    value: median((get) => get(name).togetherP99Ms),
    unit: "ms",
  });
  const cpu = (sample: Sample) => sample.cpuUs;
  const rate = (sample: Sample) => sample.requestsPerSecond;
  const figures: Figure[] = [
    ...ratio("gateway, no check: processor time / @fastify/http-proxy", PLAIN, FASTIFY, cpu),
    ...ratio("gateway, no check: requests per second / @fastify/http-proxy", PLAIN, FASTIFY, rate),
    p99("gateway, no check", PLAIN),
    p99("@fastify/http-proxy", FASTIFY),
    ...ratio("gateway with AAuth check: requests per second / without", CHECKED, PLAIN, rate),
    ...ratio("gateway, no check: processor time / Agentgateway", PLAIN, AGENTGATEWAY, cpu),
    ...ratio(
      "gateway with AAuth check: processor time / Agentgateway with it",
      CHECKED,
      AGENTGATEWAY_CHECKED,
      cpu,
    ),
  ];
  const rows = rowsOf(figures.filter(({ value }) => !Number.isNaN(value)));
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

/**
 * The embedded gateway against `@fastify/http-proxy`, nginx and Agentgateway (AGENTGATEWAY_BIN) in one run: POST 1 KB, 1 KB back. Every
 * gateway, the origin and the check service are processes of their own; this one is the load generator. Rounds are interleaved and ratios are taken within a
 * round, so that whatever the machine does meanwhile hits all of them. Processor time is the gateway's own process, the check
 * service's not counted.
 *
 * @module
 */

import assert from "node:assert";
import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { findExecutable } from "../scripts/find-executable.ts";
import { freePorts } from "../tests/support/free-ports.ts";
import { coresLine, stayOn } from "./cores.ts";
import { type BenchAgent, startAgent } from "./gateway/agent.ts";
import { startAgentgateway } from "./gateway/agentgateway.ts";
import { resourceAt, startAuthz, startGateway } from "./gateway/gateway-program.ts";
import { startNginx } from "./gateway/nginx.ts";
import { Program } from "./gateway/program.ts";
import { withLibsodium } from "./libsodium.ts";
import { quantile } from "./measure.ts";
import { type PreparedRequest, sendAll } from "./route/load.ts";
import { type Figure, printRows, publishRows, rowsOf } from "./rows.ts";

const REQUESTS_ALONE = 300;
const REQUESTS_TOGETHER = 2_000;
const CONNECTIONS = 8;
const WARM_UP_ROUNDS = 8;
const ROUNDS = 11;
const FLOOR_SAMPLES = 200;
const BODY_BYTES = 1024;
const BASE_BYTES = 1400;

interface Contender {
  readonly name: string;
  readonly pool: Pool;
  /** The resource that a signature must be for; unset where nothing is checked. */
  readonly resource?: string;
  /** Processor time so far; undefined where it cannot be told. */
  readonly cpuUs: () => Promise<number | undefined>;
}

/** One contender in one round. */
interface Sample {
  /** Of one request; NaN where it cannot be told. */
  readonly cpuUs: number;
  readonly requestsPerSecond: number;
  /** At one connection. */
  readonly aloneP50Ms: number;
  readonly aloneP99Ms: number;
  /** At eight. */
  readonly togetherP50Ms: number;
  readonly togetherP99Ms: number;
}

interface Round {
  readonly samples: ReadonlyMap<string, Sample>;
  /** The least a verification can be: the body's hash and the signature. */
  readonly verifyMs: number;
}

const DIRECT = "origin, no gateway";
const NGINX = "nginx, 1 worker";
const FASTIFY = "@fastify/http-proxy 11.6.3";
const PLAIN = "gateway";
const TRACED = "gateway, traced";
const CHECKED = "gateway with AAuth check";
const AGENTGATEWAY = "Agentgateway, 1 worker";
const AGENTGATEWAY_CHECKED = "Agentgateway with AAuth check";

const stops: (() => unknown)[] = [];
const folder = mkdtempSync(join(tmpdir(), "bench-gateway-"));
stops.push(() => rmSync(folder, { recursive: true, force: true }));

async function startAll() {
  stayOn("load");
  const ports = await freePorts(10);
  const nextPort = () => ports.pop()!;
  const [origin, agentPort, authz, plain, traced] = [
    nextPort(),
    nextPort(),
    nextPort(),
    nextPort(),
    nextPort(),
  ];
  const [checked, fastify, nginxPort, real, realChecked] = [
    nextPort(),
    nextPort(),
    nextPort(),
    nextPort(),
    nextPort(),
  ];
  const contenders: Contender[] = [];
  const add = (name: string, port: number, cpuUs: Contender["cpuUs"], resource?: string) => {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
    stops.push(() => pool.close());
    contenders.push({ name, pool, cpuUs, ...(resource !== undefined && { resource }) });
  };
  const cpuOf = (program: Program) => async () => (await program.usage()).cpuUs;
  const keep = (program: Program) => {
    stops.push(() => program.stop());
    return program;
  };
  const originScript = new URL("./gateway/origin.ts", import.meta.url);

  const agent = await startAgent(agentPort);
  stops.push(agent.stop);
  add(
    DIRECT,
    origin,
    cpuOf(keep(await Program.start(originScript, { port: origin, args: [String(origin)] }))),
  );
  const nginx = await startNginx({ port: nginxPort, originPort: origin, folder });
  if (nginx !== undefined) {
    stops.push(() => nginx.stop());
    add(NGINX, nginxPort, async () => nginx.cpuUs());
  }
  const proxy = await Program.start(new URL("./gateway/fastify-proxy.ts", import.meta.url), {
    port: fastify,
    args: [String(fastify), String(origin)],
    core: "measured",
  });
  add(FASTIFY, fastify, cpuOf(keep(proxy)));
  const common = { originPort: origin, folder, core: "measured" } as const;
  add(
    PLAIN,
    plain,
    cpuOf(keep(await startGateway({ ...common, port: plain, traced: false, name: "plain" }))),
  );
  add(
    TRACED,
    traced,
    cpuOf(keep(await startGateway({ ...common, port: traced, traced: true, name: "traced" }))),
  );
  keep(
    await startAuthz({ port: authz, gatewayPorts: [checked, realChecked], traced: false, core: "measured" }),
  );
  const check = { authzPort: authz, agent: agent.id };
  const gateway = await startGateway({ ...common, port: checked, traced: false, check, name: CHECKED });
  add(CHECKED, checked, cpuOf(keep(gateway)), resourceAt(checked));
  const binary = findExecutable(process.env.AGENTGATEWAY_BIN || "agentgateway", process.env);
  if (binary !== undefined) {
    const options = { ...common, traced: false };
    const open = await startAgentgateway(binary, { ...options, port: real, name: AGENTGATEWAY });
    stops.push(open.stop);
    add(AGENTGATEWAY, real, async () => open.cpuUs());
    const name = AGENTGATEWAY_CHECKED;
    const closed = await startAgentgateway(binary, { ...options, port: realChecked, check, name });
    stops.push(closed.stop);
    add(name, realChecked, async () => closed.cpuUs(), resourceAt(realChecked));
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
    const before = await contender.cpuUs();
    const together = await sendAll(contender.pool, "/", many, CONNECTIONS);
    const after = await contender.cpuUs();
    samples.set(contender.name, {
      cpuUs: before === undefined || after === undefined ? Number.NaN : (after - before) / REQUESTS_TOGETHER,
      requestsPerSecond: together.requestsPerSecond,
      aloneP50Ms: quantile(alone.latenciesMs, 0.5),
      aloneP99Ms: quantile(alone.latenciesMs, 0.99),
      togetherP50Ms: quantile(together.latenciesMs, 0.5),
      togetherP99Ms: quantile(together.latenciesMs, 0.99),
    });
  }
  return { samples, verifyMs: verifyingMs() };
}

const pair = generateKeyPairSync("ed25519");
const floorBody = Buffer.alloc(BODY_BYTES, "x");
const base = Buffer.alloc(BASE_BYTES, "x");
const signature = sign(null, base, pair.privateKey);

function verifyingMs(): number {
  const times: number[] = [];
  for (let count = 0; count < FLOOR_SAMPLES; count++) {
    const startedAt = performance.now();
    hash("sha256", floorBody, "base64");
    verify(null, base, pair.publicKey, signature);
    times.push(performance.now() - startedAt);
  }
  return quantile(times, 0.5);
}

function report(rounds: readonly Round[]): void {
  const names = [...rounds[0]!.samples.keys()];
  const hasNginx = names.includes(NGINX);
  const hasReal = names.includes(AGENTGATEWAY);
  const median = (of: (get: (name: string) => Sample, round: Round) => number) =>
    quantile(
      rounds.map((round) => of((name) => round.samples.get(name)!, round)),
      0.5,
    );
  const added = (
    get: (name: string) => Sample,
    name: string,
    of: "aloneP50Ms" | "aloneP99Ms" | "togetherP50Ms",
  ) => get(name)[of] - get(DIRECT)[of];

  const overFloor = (name: string) =>
    median(
      (get, { verifyMs }) => added(get, name, "aloneP50Ms") / (added(get, NGINX, "aloneP50Ms") + verifyMs),
    );

  console.log(
    `POST 1 KB -> 1 KB; median of ${ROUNDS} rounds; the gateways add to the origin's time. ${coresLine()}`,
  );
  const width = Math.max(...names.map((name) => name.length));
  const us = (value: number) => (Number.isNaN(value) ? "-" : `${value.toFixed(0)} us`).padStart(8);
  const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(9);
  console.log(
    `  ${"".padEnd(width)}  cpu each  requests/s  added p50, 1   added p99, 1   added p50, ${CONNECTIONS}   p99, ${CONNECTIONS}`,
  );
  for (const name of names) {
    console.log(
      `  ${name.padEnd(width)}  ${us(median((get) => get(name).cpuUs))}  ${median(
        (get) => get(name).requestsPerSecond,
      )
        .toFixed(0)
        .padStart(10)}  ${ms(median((get) => added(get, name, "aloneP50Ms"))).padStart(12)}  ${ms(
        median((get) => added(get, name, "aloneP99Ms")),
      ).padStart(13)}  ${ms(median((get) => added(get, name, "togetherP50Ms"))).padStart(13)}  ${ms(
        median((get) => get(name).togetherP99Ms),
      )}`,
    );
  }
  if (!hasNginx) console.log("  There is no nginx on the PATH: the rows that compare with it are left out.");

  const figures: (Figure | false)[] = [
    {
      what: "gateway, no check: processor time / @fastify/http-proxy",
      value: median((get) => get(PLAIN).cpuUs / get(FASTIFY).cpuUs),
    },
    {
      what: "gateway, no check: requests per second / @fastify/http-proxy",
      value: median((get) => get(PLAIN).requestsPerSecond / get(FASTIFY).requestsPerSecond),
    },
    hasNginx && {
      what: "gateway, no check: processor time / nginx",
      value: median((get) => get(PLAIN).cpuUs / get(NGINX).cpuUs),
    },
    hasNginx && {
      what: "gateway, no check: added p50 at 1 connection / nginx",
      value: median((get) => added(get, PLAIN, "aloneP50Ms") / added(get, NGINX, "aloneP50Ms")),
    },
    {
      what: `gateway, no check: p99 at ${CONNECTIONS} connections`,
      value: median((get) => get(PLAIN).togetherP99Ms),
      unit: "ms",
    },
    {
      what: `@fastify/http-proxy: p99 at ${CONNECTIONS} connections`,
      value: median((get) => get(FASTIFY).togetherP99Ms),
      unit: "ms",
    },
    hasNginx && {
      what: "gateway with AAuth check: added p50 at 1 connection / (nginx + SHA-256 + Ed25519 verify)",
      value: overFloor(CHECKED),
    },
    {
      what: "gateway with AAuth check: requests per second / without",
      value: median((get) => get(CHECKED).requestsPerSecond / get(PLAIN).requestsPerSecond),
    },
    {
      what: "gateway, a span a request: processor time / untraced",
      value: median((get) => get(TRACED).cpuUs / get(PLAIN).cpuUs),
    },
    hasReal && {
      what: "gateway, no check: processor time / Agentgateway",
      value: median((get) => get(PLAIN).cpuUs / get(AGENTGATEWAY).cpuUs),
    },
    hasReal && {
      what: "gateway with AAuth check: processor time / Agentgateway with it",
      value: median((get) => get(CHECKED).cpuUs / get(AGENTGATEWAY_CHECKED).cpuUs),
    },
  ];
  const measured = figures.filter((figure) => figure !== false);
  const rows = rowsOf(withLibsodium ? measured.filter(isChecked).map(byLibsodium) : measured);
  console.log("");
  printRows(rows);
  publishRows(rows);
}

/** What verifies nothing is the same with any library. */
const isChecked = ({ what }: Figure): boolean => what.startsWith("gateway with AAuth check");

const byLibsodium = (figure: Figure): Figure => ({ ...figure, what: `${figure.what}, libsodium` });

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

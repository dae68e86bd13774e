/**
 * The token endpoint of the embedded auth server and of Keycloak with our provider, side by side: how many auth tokens a second, how
 * long one takes, how long the server needs to start, and its memory. Each request is signed beforehand and sent once: a second time
 * it would be a replay, and refused. Not part of `npm run bench` without a name: Keycloak needs a JDK, Maven and a minute.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { generateSigningKey, toJwks } from "aauth";
import { issueResourceToken } from "aauth/issuer";
import { signedRequest } from "aauth/testing";
import { Pool } from "undici";
import { residentMib } from "../scripts/demo/memory.ts";
import { ServiceProcess } from "../scripts/demo/service-process.ts";
import {
  AUTH_SERVERS,
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  type StackPorts,
  stackUrls,
} from "../scripts/demo/stack.ts";
import { findJavaTools } from "../scripts/keycloak/java-tools.ts";
import { freePorts } from "../tests/support/free-ports.ts";
import { quantile } from "./measure.ts";
import { type LoadResult, type PreparedRequest, sendAll } from "./route/load.ts";
import { printRows, publishRows, type Row } from "./rows.ts";

const CONNECTIONS = 20;
/** Until the compilers of both have seen enough. */
const WARM_UP_ROUNDS = 3;
const ROUNDS = 3;
const REQUESTS = 2000;
const START_LIMIT_MS = 20 * 60_000;
const STOP_LIMIT_MS = 10_000;

interface Measured {
  readonly startSeconds: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly idleMib: number;
  readonly loadedMib: number;
}

/** An agent that is a resource, too, with its documents on a port of its own. */
async function startParty() {
  const key = await generateSigningKey({ kid: "bench-1" });
  const [port] = await freePorts(1);
  const id = `http://bench.localhost:${port}`;
  const documents = new Map<string | undefined, object>([
    ["/.well-known/aauth-agent", { agent: id, jwks_uri: `${id}/jwks.json` }],
    ["/.well-known/aauth-resource", { resource: id, jwks_uri: `${id}/jwks.json` }],
    ["/jwks.json", toJwks([key])],
  ]);
  const server = createServer((request, response) => {
    const document = documents.get(request.url);
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { id, key, stop: () => server.close() };
}

const party = await startParty();

async function prepare(issuer: string, url: string): Promise<PreparedRequest[]> {
  const prepareOne = async (): Promise<PreparedRequest> => {
    const resource_token = await issueResourceToken({
      key: party.key,
      resource: party.id,
      authServer: issuer,
      agent: party.id,
      agentJkt: party.key.thumbprint,
      scope: "supply-chain:optimize",
    });
    const { headers, body } = await signedRequest({
      method: "POST",
      url,
      body: new URLSearchParams({ request_type: "auth", resource_token }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      key: party.key,
      signatureKey: { scheme: "jwks", id: party.id },
    });
    return { headers, body: Buffer.from(body!) };
  };
  return Promise.all(Array.from({ length: REQUESTS }, prepareOne));
}

async function measure(authServer: (typeof AUTH_SERVERS)[number]): Promise<Measured> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
  const description = describeStack(ports, { ...DEMO_MODES, authServer }).find(
    ({ name }) => name === "auth-server",
  )!;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...env } = description.env;
  // As an operator would run it: with all compilers of the Java machine.
  const start = () =>
    new ServiceProcess(
      { ...description, env: { ...env, LOG_LEVEL: "error", JAVA_OPTS_APPEND: "" } },
      { baseEnv: process.env, onLine: () => {} },
    );
  // The first start may have something to build, and fills the disk's cache.
  await stopped(await started(start()));
  const startedAt = performance.now();
  const server = await started(start());
  const startSeconds = (performance.now() - startedAt) / 1000;
  const idleMib = memoryOf(server);

  const { authServer: origin, issuer } = stackUrls(ports);
  const path = `${new URL(issuer).pathname}/protocol/aauth/agent/token`;
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const rounds: LoadResult[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    // Right before they are sent: `created` must be near.
    const requests = await prepare(issuer, origin + path);
    const result = await sendAll(pool, path, requests, CONNECTIONS);
    if (round >= WARM_UP_ROUNDS) rounds.push(result);
  }
  const loadedMib = memoryOf(server);
  await pool.close();
  await stopped(server);
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    startSeconds,
    requestsPerSecond: quantile(
      rounds.map(({ requestsPerSecond }) => requestsPerSecond),
      0.5,
    ),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    idleMib,
    loadedMib,
  };
}

async function started(server: ServiceProcess): Promise<ServiceProcess> {
  if (await server.isReady(AbortSignal.timeout(START_LIMIT_MS))) return server;
  throw new Error(`${server.name} did not start:\n${server.lastLines.join("\n")}`);
}

async function stopped(server: ServiceProcess): Promise<void> {
  await server.stop(STOP_LIMIT_MS);
}

/** Keycloak is a child of its start script, which is a child of ours: the largest of the family is meant. */
function memoryOf(server: ServiceProcess): number {
  const family = [server.pid!];
  for (const pid of family) {
    try {
      family.push(
        ...execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
          .split("\n")
          .filter(Boolean)
          .map(Number),
      );
    } catch {
      // No children.
    }
  }
  return Math.max(...family.map((pid) => residentMib(pid) ?? 0));
}

const figures: readonly [string, (measured: Measured) => string][] = [
  ["auth tokens a second, 20 connections", ({ requestsPerSecond }) => requestsPerSecond.toFixed(0)],
  ["latency p50", ({ p50Ms }) => `${p50Ms.toFixed(1)} ms`],
  ["latency p99", ({ p99Ms }) => `${p99Ms.toFixed(1)} ms`],
  ["start until it answers", ({ startSeconds }) => `${startSeconds.toFixed(1)} s`],
  ["memory, idle", ({ idleMib }) => `${idleMib.toFixed(0)} MiB`],
  ["memory, after the load", ({ loadedMib }) => `${loadedMib.toFixed(0)} MiB`],
];

try {
  findJavaTools(process.env);
  const rows: Row[] = [];
  for (const authServer of AUTH_SERVERS) {
    const measured = await measure(authServer);
    const own = figures.map(
      ([what, value]): Row => ({
        what: `${authServer}: ${what}`,
        value: value(measured),
      }),
    );
    printRows(own);
    rows.push(...own);
  }
  publishRows(rows);
} finally {
  party.stop();
}

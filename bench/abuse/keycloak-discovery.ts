/**
 * Keycloak under 200 anonymous connections whose signatures name hosts that never answer. Prints how long a plain GET of the realm takes
 * before, during and after, what a known and a new agent get meanwhile, and the sockets and memory of the Java process; beside it the
 * same GET under 200 connections of plain requests that end in 404. Run with `node bench/abuse/keycloak-discovery.ts`; needs a JDK and
 * Maven. All traffic stays on loopback.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import { createServer as createSilentServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { generateSigningKey, type SigningKey, toJwks } from "aauth";
import { signedRequest } from "aauth/testing";
import { Pool } from "undici";
import { quantile } from "../measure.ts";
import { startMeasuredKeycloak } from "./support/keycloak-process.ts";

const CONNECTIONS = 200;
const SILENT_HOSTS = 500;
const PHASE_MS = 15_000;
const LIMIT_MS = 60_000;
const FORM = { "content-type": "application/x-www-form-urlencoded" };

const keycloak = await startMeasuredKeycloak();
const sockets = new Set<Socket>();
const silent = createSilentServer((socket) => {
  // Read, so that the other end of a closed connection is seen.
  sockets.add(
    socket
      .resume()
      .on("error", () => {})
      .on("close", () => sockets.delete(socket)),
  );
});
const silentPort = await listening(silent);
const [known, fresh] = [await startAgent("known"), await startAgent("fresh")];
const realmPath = new URL(keycloak.issuer).pathname;
const tokenPath = `${realmPath}/protocol/aauth/agent/token`;
const attackerKey = await generateSigningKey({ kid: "k" });

try {
  await measured("warm-up", async () => {});
  await measured("before", async () => {});
  await measured(`during ${CONNECTIONS} × 404`, (signal) =>
    flood(signal, () => ({ method: "GET", path: `${realmPath}/nothing` })),
  );
  // Signed beforehand, so that what is measured is not the load: none of them is ever verified, so each counts any number of times.
  const attacks = await Promise.all(
    Array.from({ length: SILENT_HOSTS }, async (_, index): Promise<Outgoing> => {
      const id = `http://a.host${index}.localhost:${silentPort}`;
      return { method: "POST", path: tokenPath, ...(await tokenRequest(attackerKey, id)) };
    }),
  );
  let next = 0;
  await measured(`during ${CONNECTIONS} × silent hosts`, (signal) =>
    flood(signal, () => attacks[next++ % SILENT_HOSTS]!),
  );
  await measured("after", async () => {});
} finally {
  for (const socket of sockets) socket.destroy();
  for (const server of [silent, known.server, fresh.server]) server.close();
  await keycloak.close();
}

async function measured(phase: string, load: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const loading = load(stop.signal);
  const pool = new Pool(keycloak.origin, { connections: 4, bodyTimeout: LIMIT_MS, headersTimeout: LIMIT_MS });
  const plain: number[] = [];
  const asked = { known: new Map<number, number>(), fresh: new Map<number, number>() };
  const count = (statuses: Map<number, number>, status: number) =>
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const until = Date.now() + PHASE_MS;
  let [peakSockets, peakMib, peakOutgoing] = [0, 0, 0];
  const repeat = async (each: () => Promise<void>) => {
    while (Date.now() < until) {
      await each();
      peakSockets = Math.max(peakSockets, keycloak.sockets());
      peakMib = Math.max(peakMib, keycloak.memoryMib());
      peakOutgoing = Math.max(peakOutgoing, sockets.size);
      await pause(20);
    }
  };
  const ask = async ({ key, id }: { key: SigningKey; id: string }) =>
    send(pool, { method: "POST", path: tokenPath, ...(await tokenRequest(key, id)) });
  await Promise.all([
    repeat(async () => {
      const startedAt = performance.now();
      await send(pool, { method: "GET", path: realmPath });
      plain.push(performance.now() - startedAt);
    }),
    repeat(async () => void count(asked.known, await ask(known))),
    // Its documents are not cached: each time it is another host.
    repeat(async () => void count(asked.fresh, await ask({ key: fresh.key, id: fresh.another() }))),
  ]);
  stop.abort();
  await Promise.all([loading, pool.close()]);
  console.log(
    [
      phase.padEnd(28),
      `GET p50 ${quantile(plain, 0.5).toFixed(0)} ms, p99 ${quantile(plain, 0.99).toFixed(0)} ms (${plain.length})`,
      `known agent ${statusText(asked.known)}`,
      `new agent ${statusText(asked.fresh)}`,
      `sockets ${peakSockets}, of them to silent hosts ${peakOutgoing}, now ${sockets.size}`,
      `RSS ${peakMib.toFixed(0)} MiB`,
    ].join("; "),
  );
}

function statusText(statuses: Map<number, number>): string {
  return [...statuses].map(([status, times]) => `${status} × ${times}`).join(", ") || "none";
}

interface Outgoing {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

async function send(pool: Pool, outgoing: Outgoing): Promise<number> {
  const { statusCode, body } = await pool.request(outgoing);
  await body.dump();
  return statusCode;
}

/** Each connection sends its next request as soon as the one before is answered. */
async function flood(signal: AbortSignal, next: () => Outgoing): Promise<void> {
  const pool = new Pool(keycloak.origin, {
    connections: CONNECTIONS,
    bodyTimeout: LIMIT_MS,
    headersTimeout: LIMIT_MS,
  });
  const connection = async () => {
    while (!signal.aborted) await send(pool, next()).catch(() => {});
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  await pool.close();
}

/** A request without a grant in it: it is judged up to its signature, then refused with 400. */
async function tokenRequest(key: SigningKey, id: string) {
  const { headers, body } = await signedRequest({
    method: "POST",
    url: keycloak.origin + tokenPath,
    body: "request_type=auth",
    headers: FORM,
    key,
    signatureKey: { scheme: "jwks", id },
  });
  return { headers, body: Buffer.from(body!) };
}

/** An agent that publishes its documents, for its own host and for every host below it. */
async function startAgent(name: string) {
  const key = await generateSigningKey({ kid: `${name}-1` });
  const server = createServer((request, response) => {
    const id = `http://${request.headers.host}`;
    const documents = new Map<string | undefined, object>([
      ["/.well-known/aauth-agent", { agent: id, jwks_uri: `${id}/jwks.json` }],
      ["/jwks.json", toJwks([key])],
    ]);
    const document = documents.get(request.url);
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  const port = await listening(server);
  let hosts = 0;
  return {
    key,
    server,
    id: `http://${name}.localhost:${port}`,
    another: () => `http://h${hosts++}.${name}.localhost:${port}`,
  };
}

async function listening(server: Server | ReturnType<typeof createSilentServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

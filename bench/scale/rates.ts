/**
 * `node bench/scale/rates.ts`: verified requests of a resource and granted tokens of a person
 * server, by store, with one process and with two. The load, the replicas and the databases share
 * the cores of one machine.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import { newIssuerKey, type SignedPost, signAsAgent } from "../abuse/support/signed-requests.ts";
import { busyMachineLine, machineLine } from "../machine.ts";
import { quantile } from "../measure.ts";
import { type Party, startParty } from "./start-party.ts";
import { startStateServers } from "./state-servers.ts";

const CONNECTIONS = 32;
const SECONDS = 8;
/** Signed beforehand, for the warm-up and the measurement. */
const REQUESTS = 16_000;
const WARM_UP = 1_000;
const AGENTS = 200;

const { jwk: issuer, publicJwk } = newIssuerKey();
const own = { key: newIssuerKey().jwk, secret: randomBytes(32).toString("base64url") };
const folder = mkdtempSync(join(tmpdir(), "rates-"));
const servers = await startStateServers();

console.log(machineLine());
console.log(busyMachineLine() ?? "");
console.log("| what | stores | processes | per second | p50 ms | p99 ms |");
console.log("|---|---|---|---|---|---|");
for (const kind of ["resource", "person-server"] as const) {
  await row(kind, "memory", { store: "memory" }, 1);
  await row(kind, "SQLite", { store: join(folder, `${kind}.db`) }, 1);
  const { store, replayStore } = servers;
  for (const count of [1, 2]) await row(kind, "PostgreSQL and Valkey", { store, replayStore }, count);
}
await servers.stop();
rmSync(folder, { recursive: true, force: true });
process.exit();

async function row(
  kind: Party["kind"],
  name: string,
  stores: Pick<Party, "store" | "replayStore">,
  processes: number,
): Promise<void> {
  const replicas = await Promise.all(
    Array.from({ length: processes }, () => startParty({ kind, issuer: publicJwk, own, ...stores })),
  );
  const pools = replicas.map(
    ({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS }),
  );
  const requests: SignedPost[] = [];
  for (let agent = 0; requests.length < REQUESTS; agent = (agent + 1) % AGENTS)
    requests.push(await signAsAgent(`h${agent % 20}.example`, agent, { issuer, to: kind }));
  let next = 0;
  const latencies: number[] = [];
  const send = async (until: () => boolean) => {
    while (!until() && next < requests.length) {
      const { path, headers, body } = requests[next++]!;
      const startedAt = performance.now();
      const answer = await pools[next % processes]!.request({ method: "POST", path, headers, body });
      await answer.body.dump();
      latencies.push(performance.now() - startedAt);
      if (answer.statusCode !== 200) throw new Error(`${kind} answered ${answer.statusCode}`);
    }
  };
  const workers = (until: () => boolean) =>
    Promise.all(Array.from({ length: CONNECTIONS }, () => send(until)));
  await workers(() => next >= WARM_UP);
  latencies.length = 0;
  const startedAt = performance.now();
  await workers(() => performance.now() - startedAt > SECONDS * 1000);
  const rate = Math.round((latencies.length * 1000) / (performance.now() - startedAt));
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  console.log(`| ${kind} | ${name} | ${processes} | ${rate} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |`);
  await Promise.all(pools.map((pool) => pool.close()));
  await Promise.all(replicas.map((replica) => replica.stop()));
}

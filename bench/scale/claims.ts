/**
 * `node bench/scale/claims.ts`: measures the claim of a signature by store: in memory, in an SQLite
 * file (WAL, `synchronous=NORMAL`), in PostgreSQL (a commit on disk) and in Valkey (an append-only
 * file, synchronized each second).
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStores, type Stores } from "aauth";
import { openPostgresStores } from "aauth-stores/postgres";
import { openSqliteStores } from "aauth-stores/sqlite";
import { openValkeyClaims } from "aauth-stores/valkey";
import { busyMachineLine, machineLine } from "../machine.ts";
import { quantile } from "../measure.ts";
import { startStateServers } from "./state-servers.ts";

const CLAIMS = 3_000;
const AT_ONCE = 25;
const WARM_UP = 500;

const servers = await startStateServers();
const folder = mkdtempSync(join(tmpdir(), "claims-"));
const sqlite = openSqliteStores({ path: join(folder, "aauth.db") });
const postgres = await openPostgresStores({ url: servers.store });
const valkey = await openValkeyClaims({ url: servers.replayStore });
const stores: readonly (readonly [string, Pick<Stores, "claims">])[] = [
  ["memory", createMemoryStores()],
  ["SQLite", sqlite],
  ["Valkey", valkey],
  ["PostgreSQL", postgres],
];

console.log(machineLine());
console.log(busyMachineLine() ?? "");
console.log("| store | p50 ms | p99 ms | claims/s, one after the other | claims/s, 25 at once |");
console.log("|---|---|---|---|---|");
for (const [name, { claims }] of stores) {
  const store = claims("replay https://resource.example");
  let count = 0;
  const latencies: number[] = [];
  const claim = async () => {
    const startedAt = performance.now();
    const owner = `agent-${count % 100}.example`;
    const result = await store.putIfAbsent(`${name} ${count++}`, {
      owner,
      quota: "reserved",
      ttlSeconds: 61,
    });
    latencies.push(performance.now() - startedAt);
    if (result !== true) throw new Error(`${name} answered ${result}`);
  };
  const rate = async (workers: number) => {
    const end = count + CLAIMS;
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: workers }, async () => {
        while (count < end) await claim();
      }),
    );
    return Math.round((CLAIMS * 1000) / (performance.now() - startedAt));
  };
  while (count < WARM_UP) await claim();
  latencies.length = 0;
  const sequential = await rate(1);
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  console.log(`| ${name} | ${p50.toFixed(3)} | ${p99.toFixed(3)} | ${sequential} | ${await rate(AT_ONCE)} |`);
}
await Promise.all([sqlite.close(), postgres.close(), valkey.close()]);
await servers.stop();
rmSync(folder, { recursive: true, force: true });
process.exit();

/**
 * `node bench/scale/soak.ts replicas|demo [MINUTES] [RATE]`: memory and stored rows at a fixed rate
 * of requests. `replicas` is the stack of draft -11 with two processes of each service, on
 * PostgreSQL and Valkey; each second RATE requests at a resource, a fifth as many grants and a
 * fiftieth as many runs. `demo` is `npm run demo` in one process on SQLite, with a fifth of RATE as
 * runs a second. Default: 30 minutes, 10 a second.
 *
 * The first third is the warm-up, in which caches and the rows of ten minutes fill up. Then start
 * is the median of the first tenth of the rest, end that of its last tenth. Exits with 1 where the
 * PSS of a process, the jobs or the used signatures end more than 10 % above their start, or a
 * request was not served. Records are printed: runs, traces and tokens live for up to an hour, and
 * grow until then.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import { Redis } from "iovalkey";
import pg from "pg";
import { removeState } from "../../scripts/demo/kept-state.ts";
import { DEMO_MODES, REPOSITORY_ROOT, stateFolders } from "../../scripts/demo/stack.ts";
import { lastingUser, startRun } from "../../tests/support/lasting-user.ts";
import { startLoadedReplicas } from "../../tests/support/replica-load.ts";
import { startDemo } from "../demo.ts";
import { busyMachineLine, machineLine } from "../machine.ts";
import { quantile } from "../measure.ts";
import { useBelow } from "../processes.ts";
import { startStateServers } from "./state-servers.ts";

const SAMPLE_MS = 10_000;
const PRINT_MS = 60_000;
const MAX_GROWTH = 1.1;
/** Growth that is never counted: fewer rows than a second's, MiB of one garbage collection. */
const SLACK = { MiB: 4, rows: 50 };

/** Pages that several processes share, and entries that live for up to an hour. */
const NOT_JUDGED = /RSS MiB$|^records .* rows$/;

/** A stack under load, and its measurements. */
interface Soaked {
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** Entries by store. */
  rows(): Promise<Readonly<Record<string, number>>>;
  readonly load: readonly { readonly perSecond: number; readonly send: () => Promise<number> }[];
  stop(): Promise<void>;
}

const [kind, minutes = "30", rate = "10"] = process.argv.slice(2);
if (kind !== "replicas" && kind !== "demo") {
  console.error("usage: node bench/scale/soak.ts replicas|demo [MINUTES] [RATE]");
  process.exit(2);
}
installLocalhostLookup();

async function startReplicas(perSecond: number): Promise<Soaked> {
  const servers = await startStateServers();
  const { store, replayStore } = servers;
  const replicas = await startLoadedReplicas({ store, replayStore });
  const database = new pg.Pool({ connectionString: store, max: 1 });
  const valkey = new Redis(replayStore);
  const { stack, send, resourceRequest, requestGrant } = replicas;
  const user = lastingUser(stack.urls);
  return {
    processes: [...servers.processes, ...stack.processes()],
    async rows() {
      const { rows } = await database.query<{ store: string; count: number }>(
        `select store, count(*)::int from aauth_entries group by store
         union all select 'jobs', count(*)::int from aauth_jobs.job`,
      );
      const stores = Object.fromEntries(rows.map(({ store, count }) => [store, count]));
      return { ...stores, Valkey: await valkey.dbsize() };
    },
    load: [
      { perSecond, send: async () => (await send(await resourceRequest())).status },
      { perSecond: perSecond / 5, send: async () => (await requestGrant()).status },
      { perSecond: perSecond / 50, send: async () => (await startRun(user)).status },
    ],
    async stop() {
      valkey.disconnect();
      await database.end();
      await replicas.stop();
      await servers.stop();
    },
  };
}

async function startSqlite(perSecond: number): Promise<Soaked> {
  const demo = await startDemo({});
  const ports = { backend: Number(new URL(demo.urls.backend).port) };
  const folder = REPOSITORY_ROOT + stateFolders(ports, DEMO_MODES).data;
  const user = lastingUser(demo.urls);
  return {
    processes: [{ name: "demo", pid: demo.pid }],
    async rows() {
      const files = readdirSync(folder).filter((name) => name.endsWith(".db"));
      const counts = files.map((name) => {
        const database = new DatabaseSync(`${folder}/${name}`, { readOnly: true });
        const { count } = database.prepare("select count(*) as count from entries").get()!;
        database.close();
        return [name, Number(count)] as const;
      });
      return Object.fromEntries(counts);
    },
    load: [{ perSecond: perSecond / 5, send: async () => (await startRun(user)).status }],
    async stop() {
      await demo.stop();
      await removeState(ports, DEMO_MODES);
    },
  };
}

console.log(machineLine());
console.log(busyMachineLine() ?? "");
const soaked = await (kind === "demo" ? startSqlite : startReplicas)(Number(rate));
/** Samples by what was measured, one after the other. */
const samples = new Map<string, number[]>();
const answers = new Map<string, number>();
const open = new Set<Promise<void>>();
async function ask(send: () => Promise<number>): Promise<void> {
  const answer = await send().then(String, (error: Error) => error.message);
  answers.set(answer, (answers.get(answer) ?? 0) + 1);
}
const timers = soaked.load.map(({ perSecond, send }) =>
  setInterval(() => {
    const asked = ask(send).finally(() => open.delete(asked));
    open.add(asked);
  }, 1000 / perSecond),
);

async function sample(): Promise<void> {
  const measured: Record<string, number> = {};
  for (const { name, pid } of soaked.processes) {
    const { memoryMib, proportionalMib } = useBelow(pid);
    measured[`${name}, RSS MiB`] = memoryMib;
    measured[`${name}, PSS MiB`] = proportionalMib;
  }
  for (const [name, count] of Object.entries(await soaked.rows())) measured[`${name}, rows`] = count;
  for (const [name, value] of Object.entries(measured))
    samples.set(name, [...(samples.get(name) ?? []), value]);
}

const startedAt = performance.now();
const untilMs = startedAt + Number(minutes) * 60_000;
for (let at = startedAt, printAt = startedAt; at < untilMs; at += SAMPLE_MS) {
  await pause(Math.max(0, at - performance.now()));
  await sample();
  if (at < printAt) continue;
  printAt += PRINT_MS;
  const now = [...samples].map(([name, values]) => `${name} ${Math.round(values.at(-1)!)}`);
  console.log(`${Math.round((at - startedAt) / 60_000)} min: ${now.join("; ")}`);
}
for (const timer of timers) clearInterval(timer);
await Promise.all(open);
await soaked.stop();

console.log("\n| what | start | end | |");
console.log("|---|---|---|---|");
let hasGrown = false;
for (const [name, all] of samples) {
  const rest = all.slice(Math.floor(all.length / 3));
  const tenth = Math.ceil(rest.length / 10);
  const [start, end] = [quantile(rest.slice(0, tenth), 0.5), quantile(rest.slice(-tenth), 0.5)];
  const slack = name.endsWith("rows") ? SLACK.rows : SLACK.MiB;
  // The processes of PostgreSQL share their buffers, which RSS counts in each.
  const isFlat = NOT_JUDGED.test(name) || !(end > start * MAX_GROWTH + slack);
  hasGrown ||= !isFlat;
  console.log(`| ${name} | ${start.toFixed(0)} | ${end.toFixed(0)} | ${isFlat ? "" : "has grown"} |`);
}
console.log(`\nAnswers: ${[...answers].map(([answer, count]) => `${count} × ${answer}`).join(", ")}`);
process.exit(hasGrown || [...answers.keys()].some((answer) => answer !== "200") ? 1 : 0);

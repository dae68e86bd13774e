import { execFileSync } from "node:child_process";
import { chownSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { findStoreServers, unprivilegedUser } from "../../scripts/store-servers.ts";
import { type Child, startChild } from "./child.ts";

/** A server of a test, which can be paused, killed and restarted. */
export interface StoreServer {
  readonly url: string;
  /** The url with another password. */
  readonly urlWithWrongPassword: string;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Pauses it, with its connections open, while `run` runs. */
  whileStopped(run: () => Promise<void>): Promise<void>;
  /** Kills it and removes its data. */
  close(): Promise<void>;
}

const PASSWORD = "of-a-test";

/** @throws Error where there is no such server: its tests never pass without */
async function programs() {
  const found = await findStoreServers(process.env, console.log);
  if (typeof found === "string") throw new Error(found);
  return found;
}

/** Starts a Valkey or Redis on a free port, with more settings of its command line. */
export async function startValkey(settings: readonly string[] = []): Promise<StoreServer> {
  const { VALKEY_BIN } = await programs();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "valkey-"));
  const quiet = ["--bind", "127.0.0.1", "--save", "", "--dir", folder, "--requirepass", PASSWORD];
  const start = () => startChild(VALKEY_BIN, ["--port", `${port}`, ...quiet, ...settings]);
  return serverOf((password) => `redis://:${password}@127.0.0.1:${port}`, folder, start, /eady to accept/);
}

/** Starts a PostgreSQL on a free port, with a new database. */
export async function startPostgres(): Promise<StoreServer> {
  const { POSTGRES_BIN } = await programs();
  const port = await freePort();
  const user = unprivilegedUser();
  // The temporary folder of a test run is closed to other users.
  const folder = await mkdtemp(join(user === undefined ? tmpdir() : "/tmp", "postgres-"));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, PASSWORD);
  if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = { ...user, cwd: folder };
  const data = join(folder, "data");
  const login = ["--username", "aauth", "--auth", "scram-sha-256", "--pwfile", passwordFile];
  const made = startChild(`${POSTGRES_BIN}/initdb`, ["--no-sync", "--pgdata", data, ...login], options);
  if ((await made.ended).status !== 0) throw new Error(made.text());
  const settings = ["fsync=off", "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`];
  const args = ["-D", data, "-p", `${port}`, ...settings.flatMap((setting) => ["-c", setting])];
  const start = () => startChild(`${POSTGRES_BIN}/postgres`, args, options);
  const urlOf = (password: string) => `postgres://aauth:${password}@127.0.0.1:${port}/postgres`;
  return serverOf(urlOf, folder, start, /ready to accept connections/);
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync("ps", ["-Ao", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  return rows.filter(([, ppid]) => ppid === parent).map(([pid]) => pid);
}

async function serverOf(
  urlOf: (password: string) => string,
  folder: string,
  spawn: () => Child,
  ready: RegExp,
): Promise<StoreServer> {
  let child: Child;
  const signal = (name: NodeJS.Signals) => process.kill(-child.pid, name);
  const server: StoreServer = {
    url: urlOf(PASSWORD),
    urlWithWrongPassword: urlOf("wrong"),
    async kill() {
      signal("SIGKILL");
      await child.ended;
    },
    async start() {
      child = spawn();
      await child.prints(ready);
    },
    async whileStopped(run) {
      signal("SIGSTOP");
      // The processes of PostgreSQL's connections are in separate groups.
      const own = childrenOf(child.pid);
      for (const pid of own) process.kill(pid, "SIGSTOP");
      try {
        await run();
      } finally {
        for (const pid of own) process.kill(pid, "SIGCONT");
        signal("SIGCONT");
      }
    },
    async close() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

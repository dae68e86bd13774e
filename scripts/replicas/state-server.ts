/**
 * A PostgreSQL or a Valkey of the demo's own, on loopback: `node scripts/replicas/state-server.ts
 * postgres|valkey PROGRAM FOLDER PORT HEALTH_PORT`, with `STATE_PASSWORD`. Its health port answers
 * once the server takes connections.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { lchownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { watchParent } from "agent-kit/service";
import { remember } from "../demo/service-process.ts";
import { unprivilegedUser } from "../store-servers.ts";

const [kind, program = "", folder = "", port = "", healthPort] = process.argv.slice(2);
const { STATE_PASSWORD: password = "", PATH, LANG, TZ } = process.env;
/** The server receives no other variables. */
const env = { PATH, LANG, TZ };

const child = kind === "postgres" ? startPostgres() : startValkey();
// PostgreSQL's SIGTERM waits for its clients.
const stop = () => child.kill(kind === "postgres" ? "SIGINT" : "SIGTERM");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
watchParent(stop);
/** End of the server's own log, which is shown only if it fails. */
const lastLines: string[] = [];
let isReady = false;
for (const stream of [child.stdout!, child.stderr!])
  createInterface({ input: stream }).on("line", (line) => {
    remember(lastLines, line);
    if (isReady || !/eady to accept/.test(line)) return;
    isReady = true;
    console.log(`${kind} takes connections on 127.0.0.1:${port}, data in ${folder}`);
  });
createServer((_request, response) => response.writeHead(isReady ? 200 : 503).end()).listen(
  Number(healthPort),
  "127.0.0.1",
);
child.once("error", (error) => {
  console.error(`${program} could not be started: ${error.message}`);
  process.exit(1);
});
child.once("close", (status, signal) => {
  if (status !== 0) for (const line of lastLines) console.error(line);
  process.exit(status ?? 128 + constants.signals[signal!]);
});

/**
 * Makes the folder, which may be in a folder that others write to: one that is there already must
 * be the server's own.
 *
 * @returns whether it is new
 */
function makeOwnFolder(owner: number | undefined): boolean {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = lstatSync(folder);
  if (found.isDirectory() && (found.mode & 0o077) === 0 && (owner === undefined || found.uid === owner))
    return false;
  console.error(`${folder} belongs to another user, or others can read it: remove it`);
  process.exit(1);
}

/** Starts PostgreSQL with its default durability. The first start makes the database. */
function startPostgres(): ChildProcess {
  const user = unprivilegedUser();
  const data = join(folder, "data");
  const isNew = makeOwnFolder(user?.uid ?? process.getuid?.());
  const passwordFile = join(folder, "password");
  // Before the folder becomes another user's, who could put a link there.
  if (isNew) writeFileSync(passwordFile, password, { mode: 0o600, flag: "wx" });
  if (isNew && user !== undefined)
    for (const path of [passwordFile, folder]) lchownSync(path, user.uid, user.gid);
  const options = { ...user, cwd: folder, env };
  if (isNew) {
    const login = ["--username", "aauth", "--auth", "scram-sha-256", "--pwfile", passwordFile];
    const made = spawnSync(`${program}/initdb`, ["--pgdata", data, "--encoding", "UTF8", ...login], options);
    rmSync(passwordFile);
    if (made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      console.error(`initdb: ${made.error?.message ?? String(made.stderr)}`);
      process.exit(1);
    }
  }
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "log_checkpoints=off"];
  const args = ["-D", data, "-p", port, ...settings.flatMap((setting) => ["-c", setting])];
  return spawn(`${program}/postgres`, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
}

/**
 * Starts Valkey with an append-only file, synchronized each second. Other users can read a command
 * line, but not stdin.
 */
function startValkey(): ChildProcess {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const started = spawn(program, ["-"], { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
  const settings = [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    "dir .",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
  ];
  started.stdin.end(`${settings.join("\n")}\n`);
  return started;
}

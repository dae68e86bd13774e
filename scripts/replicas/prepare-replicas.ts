import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "agent-kit/settings";
import { freePorts } from "../demo/free-ports.ts";
import { PASSWORD_FILE, postgresFolder } from "../demo/kept-state.ts";
import { REPOSITORY_ROOT, type StackModes, type StackPorts, stateFolders } from "../demo/stack.ts";
import { findStoreServers } from "../store-servers.ts";
import { REPLICATED, type Replicas, type StateServer } from "./describe-replicas.ts";

const PASSWORD_BYTES = 24;
const log = (line: string) => console.log(line);

/**
 * Finds free ports for the replicas, and the PostgreSQL and the Valkey that they share: those of
 * `AAUTH_STORE` and `AAUTH_REPLAY_STORE`, or the demo's own, which keep their data between starts.
 *
 * @throws ConfigError where neither is named nor found
 */
export async function prepareReplicas(
  ports: StackPorts,
  modes: StackModes,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Replicas> {
  const { store, replayStore } = modes;
  const servers = store === undefined || replayStore === undefined ? await ownServers(ports, modes, env) : [];
  const of = (kind: StateServer["kind"]) => servers.find((server) => server.kind === kind)!.url;
  const free = await freePorts(REPLICATED.size * 2);
  return {
    store: store ?? of("postgres"),
    replayStore: replayStore ?? of("valkey"),
    servers: servers.filter(({ kind }) => (kind === "postgres" ? store : replayStore) === undefined),
    ports: new Map([...REPLICATED.keys()].map((name, at) => [name, [free[2 * at]!, free[2 * at + 1]!]])),
  };
}

async function ownServers(
  ports: StackPorts,
  modes: StackModes,
  env: NodeJS.ProcessEnv,
): Promise<readonly StateServer[]> {
  const found = await findStoreServers(env, log);
  if (typeof found === "string") throw new ConfigError("demo", [{ name: "--replicas", message: found }]);
  const { data, keys } = stateFolders(ports, modes);
  const password = keptPassword(REPOSITORY_ROOT + keys);
  const [postgres, postgresHealth, valkey, valkeyHealth] = await freePorts(4);
  return [
    {
      kind: "postgres",
      program: found.POSTGRES_BIN,
      folder: postgresFolder(ports, modes),
      port: postgres!,
      healthPort: postgresHealth!,
      password,
      url: `postgres://aauth:${password}@127.0.0.1:${postgres}/postgres`,
    },
    {
      kind: "valkey",
      program: found.VALKEY_BIN,
      folder: `${REPOSITORY_ROOT}${data}/valkey`,
      port: valkey!,
      healthPort: valkeyHealth!,
      password,
      url: `valkey://:${password}@127.0.0.1:${valkey}`,
    },
  ];
}

/** The password of both servers, made at the first start. */
function keptPassword(folder: string): string {
  const path = join(folder, PASSWORD_FILE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, randomBytes(PASSWORD_BYTES).toString("base64url"));
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(path, "utf8");
}

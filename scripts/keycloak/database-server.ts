import { globSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { spawnGuarded } from "../spawn-guarded.ts";
import { findJavaTools } from "./java-tools.ts";

const POLL_MS = 100;
const READY_LIMIT_MS = 60_000;

/**
 * H2 as a server, from the jar that Keycloak brings along: a database in memory that several nodes
 * share. On loopback, and gone when it ends.
 */
export async function startDatabaseServer(options: {
  /** Folder of a Keycloak. */
  home: string;
  port: number;
  env: NodeJS.ProcessEnv;
}): Promise<{ url: string; close(): Promise<void> }> {
  const { home, port, env } = options;
  const [jar] = globSync("lib/lib/main/com.h2database.h2-*.jar", { cwd: home });
  if (jar === undefined) throw new Error(`there is no H2 in ${home}`);
  const child = spawnGuarded(
    findJavaTools(env).java,
    // Without the property it listens on all addresses, and only turns away who is not from here.
    ["-Dh2.bindAddress=127.0.0.1", "-cp", join(home, jar), "org.h2.tools.Server"].concat([
      "-tcp",
      "-tcpPort",
      String(port),
      "-ifNotExists",
    ]),
    { stdio: "ignore", env },
  );
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.once("error", end);
    child.once("close", end);
  });
  const giveUpAt = Date.now() + READY_LIMIT_MS;
  while (!(await listens(port))) {
    if (hasEnded || Date.now() > giveUpAt) throw new Error("the database did not start");
    await pause(POLL_MS);
  }
  return {
    url: `jdbc:h2:tcp://127.0.0.1:${port}/mem:keycloak;DB_CLOSE_DELAY=-1;NON_KEYWORDS=VALUE`,
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

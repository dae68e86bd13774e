import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

const POLL_MS = 250;
/** Linux only. Elsewhere a server may listen beside a closed connection. */
const CONNECTION_TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const INODE_COLUMN = 9;
const NO_PROCESS = "0";

/** Sentence about a port for which {@link isInTimeWait} holds. */
export function timeWaitText(port: number): string {
  return `port ${port} is in TIME-WAIT: a connection that has closed occupies it for up to a minute`;
}

/**
 * Whether nothing but closed connections of this machine has the port as its own. An outgoing
 * connection that had the port blocks a listener until its TIME-WAIT ends; one that was accepted
 * there does not, so this is the reason only where listening fails with EADDRINUSE.
 */
export async function isInTimeWait(port: number): Promise<boolean> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = [];
  for (const table of CONNECTION_TABLES) {
    const rows = (await readFile(table, "utf8").catch(() => "")).split("\n");
    for (const row of rows) {
      const columns = row.trim().split(/\s+/);
      if (columns[1]?.endsWith(local)) inodes.push(columns[INODE_COLUMN]);
    }
  }
  return inodes.length > 0 && inodes.every((inode) => inode === NO_PROCESS);
}

/**
 * Waits while only a closed connection keeps a server from the port. Does NOT wait for a process
 * that listens there.
 *
 * @param onWait called once, before the first wait
 */
export async function waitForTimeWait(host: string, port: number, onWait: () => void): Promise<void> {
  let isFirst = true;
  while (await isBlockedByTimeWait(host, port)) {
    if (isFirst) onWait();
    isFirst = false;
    await setTimeout(POLL_MS);
  }
}

async function isBlockedByTimeWait(host: string, port: number): Promise<boolean> {
  return port !== 0 && (await bindError(host, port)) === "EADDRINUSE" && (await isInTimeWait(port));
}

function bindError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

import { createServer, type Server } from "node:net";

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a port from there may be somebody's before the
 * service that it was found for listens. Above the ports that `fetch` refuses.
 */
const FIRST = 11_000;
const COUNT = 21_000;
/** Test files that run at the same time are processes with neighbouring ids; their ports lie apart. */
const STEP = 997;

let next = (process.pid * STEP) % COUNT;

/**
 * `count` distinct ports that were free on 127.0.0.1 a moment ago. A process gets none a second time before it has had all; between
 * this and their use somebody else may still take one, but hardly by chance.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === COUNT) throw new Error("there are not enough free ports");
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listening(port);
  if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  return server !== undefined;
}

function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

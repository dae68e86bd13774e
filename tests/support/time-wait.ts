import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A port that a closed connection of this machine occupies. */
export interface ClosedConnection {
  readonly port: number;
  /** Ends the connection at its other side, where that is still open: the port is free then. */
  reset(): void;
}

/**
 * Closes an outgoing connection, first on its own side, so that the kernel keeps its port.
 *
 * @param ends `both`: the other side closes too, and the port is in TIME-WAIT for a minute. `one`:
 * the port is kept until {@link ClosedConnection.reset}, a minute at most.
 */
export async function closedConnection(ends: "both" | "one"): Promise<ClosedConnection> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[peer]] = (await Promise.all([accepted, once(client, "connect")])) as [[Socket], unknown];
  const port = client.localPort!;
  const peerEnded = once(peer.resume(), "end");
  client.end(() => client.destroy());
  await Promise.all([once(client, "close"), peerEnded]);
  server.close();
  if (ends === "both") {
    peer.end();
    await once(peer, "close");
  }
  return { port, reset: () => void peer.resetAndDestroy() };
}

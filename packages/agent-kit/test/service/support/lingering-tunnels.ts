import { connect } from "node:net";

/**
 * Asks a server for tunnels: from clients that disconnect before the answer, and from one that
 * stays and continues to send.
 *
 * @returns the error with which the staying client's connection ends
 */
export async function lingeringTunnels(port: number, tunnel: string): Promise<unknown> {
  for (let index = 0; index < 50; index++) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write(tunnel, () => socket.resetAndDestroy());
  }
  const staying = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const refused = new Promise((resolve) => staying.on("error", resolve));
  staying.write(tunnel);
  const more = setInterval(() => staying.write("x"), 20);
  staying.resume();
  try {
    return await refused;
  } finally {
    clearInterval(more);
  }
}

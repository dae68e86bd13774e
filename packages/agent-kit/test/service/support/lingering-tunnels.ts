import { connect } from "node:net";

/**
 * Asks a server for tunnels as those do who are gone before the answer, and as one that stays and
 * goes on sending.
 *
 * @returns the error that the one that stays ends with
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

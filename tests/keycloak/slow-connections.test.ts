/** Connections to Keycloak's own listener that send an incomplete request. */

import { connect } from "node:net";
import { expect, test } from "vitest";
import { startWorld } from "../contract/auth-server/world.ts";

const { server } = await startWorld();

test.each([server.tokenEndpoint, `${server.issuer}/protocol/openid-connect/token`])(
  "A12: half a body keeps a worker for five seconds, at %s",
  async (address) => {
    const { port, pathname } = new URL(address);
    const startedAt = performance.now();
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.write(
      [
        `POST ${pathname} HTTP/1.1`,
        `Host: localhost:${port}`,
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 1000",
        "",
        "a=",
      ].join("\r\n"),
    );
    await new Promise((resolve) => socket.once("close", resolve));
    // The default is a minute.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  },
  40_000,
);

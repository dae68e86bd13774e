import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { recordingLogger, startListening } from "./support/auth-server.ts";

const REALM = "/realms/aauth-test/protocol";

test.each([
  ["OpenID", `${REALM}/openid-connect/token`],
  ["AAuth", `${REALM}/aauth/agent/token`],
  ["administrator's", "/realms/master/protocol/openid-connect/token"],
])(
  "does not log an error for a caller that hangs up in its body at the %s token endpoint",
  async (_name, path) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const { logger, lines } = recordingLogger();
    const { url, app } = await startListening({ logger });
    const { port, host } = new URL(url);
    const socket = connect(Number(port), "127.0.0.1");
    const type = "application/x-www-form-urlencoded";
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\nContent-Length: 500\r\n\r\n`;
    socket.write(`${head}grant_type=`, () => setTimeout(() => socket.destroy(), 100));
    await new Promise((resolve) => socket.once("close", resolve));
    const connections = () =>
      new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines.join("")).not.toMatch(/"level":[56]0|"stack"|\bat \S+ \(/);
    expect(printed).not.toHaveBeenCalled();
  },
);

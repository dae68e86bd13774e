/** Commands beside a running demo find it by the variables that moved it. */
import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort, freePorts } from "../../scripts/demo/free-ports.ts";
import { DEMO_PORTS, PORT_VARIABLES, type StackPorts } from "../../scripts/demo/stack.ts";
import { portOfDemo } from "../../scripts/port-of-demo.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { startChild } from "../support/child.ts";

test("levels and consent take the demo's ports from its variables", async () => {
  expect(portOfDemo("gateway", {})).toBe(3000);
  expect(portOfDemo("gateway", { GATEWAY_PORT: "3001" })).toBe(3001);
  const port = String(await freePort());
  for (const [script, variable] of [
    ["consent", "AUTH_SERVER_PORT"],
    ["levels", "GATEWAY_PORT"],
  ] as const) {
    const help = await runProgram(process.execPath, [`scripts/${script}.ts`, "--help"], {
      output: "caught",
      env: { [variable]: port },
    });
    expect(help.output).toContain(`localhost:${port}`);
  }
});

test("a delegate starts beside the demo's own, on another port", async () => {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const ports = await freePorts(keys.length);
  const env = Object.fromEntries(keys.map((key, index) => [PORT_VARIABLES[key], String(ports[index])]));
  const own = Number(env.DELEGATE_AGENT_PORT);
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(own, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const folder = mkdtempSync(join(tmpdir(), "delegate-"));
  const child = startChild(process.execPath, ["scripts/delegate.ts"], {
    env: {
      ...env,
      PATH: process.env.PATH,
      OTEL_SDK_DISABLED: "true",
      DELEGATE_DATA_FOLDER: join(folder, "data"),
      DELEGATE_ENROLMENT_FILE: join(folder, "delegates.json"),
    },
  });
  onTestFinished(() => void child.process.kill("SIGKILL"));
  const [, port] = await child.prints(/delegate-agent ready on \S+:(\d+)/);
  expect(Number(port)).toBeGreaterThan(own);
});

/** Commands beside a running demo find it by the variables that moved it. */
import { rmSync } from "node:fs";
import { PORTS } from "topology";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { portOfDemo } from "../../scripts/port-of-demo.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { startChild } from "../support/child.ts";

test("levels takes the demo's ports from its variables", async () => {
  expect(portOfDemo("gateway", {})).toBe(3000);
  const port = String(await freePort());
  const help = await runProgram(process.execPath, ["scripts/levels.ts", "--help"], {
    output: "caught",
    env: { GATEWAY_PORT: port },
  });
  expect(help.output).toContain(`localhost:${port}`);
});

test("a second delegate starts beside the demo, on the port of its variable", async () => {
  const port = await freePort();
  const backend = await freePort();
  const child = startChild(process.execPath, ["scripts/demo/main.ts", "--only", "delegate-agent"], {
    env: {
      PATH: process.env.PATH,
      DELEGATE_AGENT_PORT: String(port),
      [PORTS.backend.variable]: String(backend),
      OTEL_SDK_DISABLED: "true",
      AAUTH_STORE: "memory",
    },
  });
  onTestFinished(() => {
    child.process.kill("SIGKILL");
    for (const made of [`delegate-agent-${port}`, `delegates-${backend}.json`])
      rmSync(`${REPOSITORY_ROOT}.data/${made}`, { recursive: true, force: true });
  });
  await child.prints(/Ready: delegate-agent\./);
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  child.process.kill("SIGTERM");
  expect((await child.ended).status).toBe(0);
});

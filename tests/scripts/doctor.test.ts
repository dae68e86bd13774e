import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort, freePorts } from "../../scripts/demo/free-ports.ts";
import { DEMO_PORTS, PORT_VARIABLES, type StackPorts } from "../../scripts/demo/stack.ts";
import { isTaken } from "../../scripts/demo/taken-ports.ts";
import { nameFindings } from "../../scripts/doctor/names.ts";
import { portFindings } from "../../scripts/doctor/ports.ts";
import { dockerFinding, programFindings } from "../../scripts/doctor/programs.ts";
import { closedConnection } from "../support/time-wait.ts";

/** Free ports, as an environment that moves the demo there. */
async function freeDemo() {
  const names = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(names.length);
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index]])) as unknown as StackPorts;
  const env = Object.fromEntries(names.map((name) => [PORT_VARIABLES[name], String(ports[name])]));
  return { ports, env };
}

async function listenOn(port: number, answer?: object): Promise<void> {
  const server = createServer((_, response) => void response.end(JSON.stringify(answer)));
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
}

test("a taken port is a problem with its purpose and the variable that moves it, and moving it helps", async () => {
  const { ports, env } = await freeDemo();
  expect(await portFindings(env)).toMatchObject([
    { verdict: "ok", subject: "Ports" },
    { verdict: "ok", subject: "Bearer twin" },
  ]);
  await listenOn(ports.delegateAgent);
  expect(await portFindings(env)).toEqual([
    {
      verdict: "problem",
      subject: "Ports",
      text: `${ports.delegateAgent} (delegate-agent) is taken: end what listens there, or set DELEGATE_AGENT_PORT to another port`,
    },
  ]);
  const other = await freePort();
  expect(await portFindings({ ...env, DELEGATE_AGENT_PORT: String(other) })).toMatchObject([
    { verdict: "ok", text: expect.stringContaining(String(other)) },
    { subject: "Bearer twin" },
  ]);
});

test.runIf(process.platform === "linux")("a port in TIME-WAIT is a note that names it", async () => {
  const { env } = await freeDemo();
  const { port } = await closedConnection("both");
  expect(await isTaken(port)).toBe(true);
  expect(await portFindings({ ...env, UI_PORT: String(port) })).toEqual([
    {
      verdict: "note",
      subject: "Ports",
      text: `port ${port} is in TIME-WAIT: a connection that has closed occupies it for up to a minute; npm run demo waits until it is free`,
    },
    expect.objectContaining({ subject: "Bearer twin" }),
  ]);
});

test("a running demo is one note, another program's page is a problem", async () => {
  const { ports, env } = await freeDemo();
  await Promise.all([listenOn(ports.backend), listenOn(ports.authServer)]);
  expect(await portFindings(env)).toHaveLength(2);
  await listenOn(ports.ui, { backendUrl: `http://localhost:${ports.backend}` });
  expect(await portFindings(env)).toMatchObject([
    { verdict: "note", text: expect.stringContaining("already running") },
  ]);
  const other = await freeDemo();
  await listenOn(other.ports.ui, { backendUrl: "http://localhost:1" });
  expect(await portFindings(other.env)).toMatchObject([{ verdict: "problem" }]);
});

test("settings that stop the demo are problems, each by its name", async () => {
  expect(await portFindings({ AAUTH_SIGNATUR_SCHEME: "hwk", UI_PORT: "x" })).toMatchObject([
    {
      verdict: "problem",
      subject: "Settings",
      text: expect.stringMatching(/^AAUTH_SIGNATUR_SCHEME: unknown/),
    },
    { verdict: "problem", subject: "Settings", text: expect.stringMatching(/^UI_PORT: /) },
  ]);
});

test("Java is ok only if Keycloak would accept it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = (name: string, text: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${text}' >&2\n`, { mode: 0o755 });
  const java = async () =>
    (await programFindings({ PATH: folder })).find(({ subject }) => subject === "Java");
  program("mvn", "Apache Maven 3.9.9");
  program("java", 'openjdk version "21.0.5" 2024-10-15');
  expect(await java()).toMatchObject({ verdict: "ok" });
  program("java", 'openjdk version "11.0.25" 2024-10-15');
  expect(await java()).toMatchObject({
    verdict: "note",
    text: expect.stringMatching(/^Keycloak needs Java 17 or newer; .*java is 11; needed only for /),
  });
});

test("names: localhost must be this machine, *.localhost must not be another one", async () => {
  const names = (answers: Record<string, string[]>) =>
    nameFindings(async (name) => (answers[name] ?? []).map((address) => ({ address })));
  const agent = "supply-chain-agent.localhost";
  const verdicts = async (answers: Record<string, string[]>) =>
    (await names(answers)).map(({ verdict }) => verdict);
  expect(await verdicts({ localhost: ["::1", "127.0.0.1"], [agent]: ["127.0.0.1"] })).toEqual(["ok", "ok"]);
  expect(await verdicts({ localhost: ["127.0.0.1"] })).toEqual(["ok", "ok"]);
  expect(await verdicts({ localhost: ["192.0.2.1"] })).toEqual(["problem", "ok"]);
  expect(await verdicts({ localhost: ["127.0.0.1"], [agent]: ["192.0.2.1"] })).toEqual(["ok", "problem"]);
  expect(await verdicts({})).toEqual(["problem", "ok"]);
});

test("a program missing on the PATH is a note with its purpose", async () => {
  const env = { PATH: "/nonexistent" };
  const findings = [...(await programFindings(env)), await dockerFinding(env)];
  expect(findings.map(({ verdict }) => verdict)).toEqual(Array(4).fill("note"));
  for (const { text } of findings) expect(text).toMatch(/needed only for/);
});

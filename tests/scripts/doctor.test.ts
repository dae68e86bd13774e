import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DEMO_MODES, DEMO_PORTS, describeStack, type StackPorts } from "../../scripts/demo/stack.ts";
import { clockFinding, memoryFinding } from "../../scripts/doctor/machine.ts";
import { nameFindings } from "../../scripts/doctor/names.ts";
import { portFindings } from "../../scripts/doctor/ports.ts";
import { browserFinding, dockerState, programFindings } from "../../scripts/doctor/programs.ts";
import { freePorts } from "../support/free-ports.ts";

const NOW_MS = Date.UTC(2026, 11, 1);

test("a taken port is a problem with its purpose and the variable that moves it", async () => {
  const names = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(names.length);
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index]])) as unknown as StackPorts;
  expect(await portFindings(describeStack(ports, DEMO_MODES))).toMatchObject([{ verdict: "ok" }]);
  const stranger = createServer();
  await new Promise<void>((resolve) => void stranger.listen(ports.backend, "127.0.0.1", resolve));
  onTestFinished(() => void stranger.close());
  expect(await portFindings(describeStack(ports, DEMO_MODES))).toEqual([
    {
      verdict: "problem",
      subject: "Ports",
      text: `${ports.backend} (backend) is taken: end what listens there, or set PORT to another port`,
    },
  ]);
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

test("the clock: before the project was made, and a Docker engine that fell behind", () => {
  expect(clockFinding(0, undefined).verdict).toBe("problem");
  expect(clockFinding(NOW_MS, undefined).verdict).toBe("ok");
  expect(clockFinding(NOW_MS, NOW_MS - 60_000).verdict).toBe("ok");
  expect(clockFinding(NOW_MS, NOW_MS - 62_000)).toMatchObject({ verdict: "problem" });
});

test("little memory is a note", () => {
  expect(memoryFinding(1024 ** 3).verdict).toBe("note");
  expect(memoryFinding(8 * 1024 ** 3).verdict).toBe("ok");
});

test("what is not on the PATH is a note that says what it is for", async () => {
  const env = { PATH: "/nonexistent" };
  const findings = [...(await programFindings(env)), ...(await dockerState(env)).findings];
  expect(findings.map(({ verdict }) => verdict)).toEqual(Array(6).fill("note"));
  for (const { text } of findings) expect(text).toMatch(/needed only for/);
});

test("CHROME_PATH that names nothing is said, not thrown", () => {
  expect(browserFinding({ CHROME_PATH: "/nonexistent/chrome" })).toMatchObject({
    verdict: "note",
    text: "CHROME_PATH: there is no file /nonexistent/chrome",
  });
});

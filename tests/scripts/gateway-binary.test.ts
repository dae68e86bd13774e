import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "agent-kit/settings";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import { describeStack } from "../../scripts/demo/describe-stack.ts";
import { DEMO_PORTS, REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { type Child, isAlive, startChild } from "../support/child.ts";

/**
 * Replaces the binary: prints its arguments, its process id and whether it knows of a runner, and
 * stays.
 */
const PROGRAM = `#!${process.execPath}
console.log("runs as", process.pid, process.env.AGENT_KIT_PARENT_PID, process.argv.slice(2).join(" "));
setInterval(() => {}, 1000);
`;

let folder: string;
let binary: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-binary-"));
  binary = join(folder, "agentgateway");
  await writeFile(binary, PROGRAM);
  await chmod(binary, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const started: Child[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.process.kill("SIGKILL");
});
function start(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = startChild(process.execPath, [join(REPOSITORY_ROOT, script), ...args], { env });
  started.push(child);
  return child;
}

describe("npm run demo -- --gateway agentgateway", () => {
  const argv = ["--gateway", "agentgateway"];

  test.each([
    ["named by its path", () => ({ AGENTGATEWAY_BIN: binary, PATH: "" })],
    ["found on the PATH", () => ({ PATH: `/nowhere:${folder}` })],
  ])("the binary %s replaces the gateway, with the same file and variables", (_name, env) => {
    const { modes } = readDemoSettings(env(), argv);
    const gatewayOf = (program?: string) => {
      const { gatewayProgram: _, ...rest } = modes;
      const stack = describeStack(
        DEMO_PORTS,
        program === undefined ? rest : { ...rest, gatewayProgram: program },
      );
      return stack.find(({ name }) => name === "gateway")!;
    };
    expect(modes.gatewayProgram).toBe(binary);
    const { args: embeddedArgs, hosted: embeddedModule, ...embedded } = gatewayOf();
    const { args, hosted, ...real } = gatewayOf(binary);
    expect(embeddedModule?.argv).toEqual(["-f", modes.policyFile]);
    expect(embeddedArgs).toEqual(["services/gateway/src/main.ts", "-f", modes.policyFile]);
    expect(args).toEqual(["scripts/foreign-program.ts", binary, "-f", modes.policyFile]);
    expect(hosted).toBeUndefined();
    expect(real).toEqual(embedded);
  });

  test.each([
    ["is nowhere", () => ({ PATH: "/nowhere" })],
    ["is not there", () => ({ AGENTGATEWAY_BIN: "/nowhere/agentgateway", PATH: folder })],
  ])("a binary that %s is said to be missing before anything starts", (_name, env) => {
    expect(() => readDemoSettings(env(), argv)).toThrow(ConfigError);
    expect(() => readDemoSettings(env(), argv)).toThrow(/no executable .*AGENTGATEWAY_BIN/);
  });
});

describe("a foreign program under the runner", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s reaches it, without our variables for parents",
    async (signal) => {
      const child = start("scripts/foreign-program.ts", [binary, "-f", "x.yaml"], {
        ...process.env,
        AGENT_KIT_PARENT_PID: String(process.pid),
      });
      const [, pid] = await child.prints(/runs as (\d+) undefined -f x\.yaml/);
      child.process.kill(signal);
      await child.ended;
      expect(isAlive(Number(pid))).toBe(false);
    },
  );

  test("one that cannot be started is an error", async () => {
    const child = start("scripts/foreign-program.ts", [join(folder, "missing")], { ...process.env });
    expect(await child.ended).toMatchObject({ status: 1 });
    expect(child.text()).toContain("could not be started");
  });
});

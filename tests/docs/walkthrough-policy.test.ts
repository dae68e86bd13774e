/** docs/walkthrough/06-gateway-policy.md against real runs: its commands' output, its log lines, its refusals. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Progress, progressSchema, startReplySchema } from "backend-api";
import { installLocalhostLookup } from "service-kit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DEMO_PORTS, type StackPorts } from "../../scripts/demo/stack.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

/** The page is followed with this Agentgateway binary when it is given. */
const gatewayProgram = process.env.AGENTGATEWAY_BIN || undefined;
const gateway = gatewayProgram === undefined ? {} : { gatewayProgram };

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(`${root}docs/walkthrough/06-gateway-policy.md`, "utf8");
const policy = await readFile(`${root}agentgateway/config-policy.yaml`, "utf8");
const folder = await mkdtemp(join(tmpdir(), "walkthrough-policy-"));
afterAll(() => rm(folder, { recursive: true }));

const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]!);
const logLines = blocks("log").flatMap((block) => block.trimEnd().split("\n"));
const lineWith = (part: string) => {
  const found = logLines.filter((line) => line.includes(part));
  expect(found).toHaveLength(1);
  return found[0]!;
};

/** The page's own edit of the policy: another scope in the first rule. */
const changed = policy.replace('"supply-chain:optimize" in', '"supply-chain:approve" in');
const spaces = " ".repeat(18);

function policyCommand(...args: string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    // Without a developer's .env: the page shows the demo's ports.
    const env = { PATH: process.env.PATH };
    const program = execFile(
      process.execPath,
      ["scripts/policy.ts", ...args],
      { cwd: root, env },
      (_error, output) => resolve({ status: program.exitCode ?? -1, output }),
    );
  });
}

async function fileWith(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe("npm run policy", () => {
  const textBlocks = blocks("text");
  const shown = (part: string) => textBlocks.filter((block) => block.includes(part));

  test("test, on the shipped policy", async () => {
    const { status, output } = await policyCommand("test", "agentgateway/config-policy.yaml");
    expect(status).toBe(0);
    expect(output.startsWith(shown("refused  403  unsigned ")[0]!)).toBe(true);
    expect(output.endsWith(shown("config-policy.yaml: 23 requests")[0]!)).toBe(true);
  });

  test("test, on the changed one", async () => {
    const { status, output } = await policyCommand("test", await fileWith("my-policy.yaml", changed));
    expect(status).toBe(1);
    expect(output).toContain(shown("expected: allowed")[0]!);
    expect(output.endsWith(shown("my-policy.yaml: 23 requests")[0]!)).toBe(true);
  });

  test("check, on the shipped policy", async () => {
    const { status, output } = await policyCommand("check", "agentgateway/config-policy.yaml");
    expect([status, output]).toEqual([0, shown("nothing found")[0]]);
  });

  test("check, on the four mistakes", async () => {
    const mistakes = blocks("yaml").find((block) => block.includes("deny:"))!;
    const [before, rest] = policy.split(/^ {18}- >-\n {20}extauthz/m) as [string, string];
    const after = rest.slice(rest.indexOf(`${spaces}# What must be readable`));
    const text = `${before}${mistakes.replace(/^/gm, spaces).trimEnd()}\n${after}`;
    const { status, output } = await policyCommand("check", await fileWith("mistakes.yaml", text));
    expect([status, output]).toEqual([1, shown("mistakes.yaml:")[0]]);
  });

  test("test, with the rule on the chain taken in", async () => {
    const lines = policy.split("\n");
    const start = lines.findIndex((line) => line.trim() === "# authorization:");
    const rule = lines.findIndex((line) => line.includes("for the backend and a user: the whole chain")) + 1;
    const takenIn = [start, start + 1, start + 2, rule];
    const text = lines
      .map((line, index) => (takenIn.includes(index) ? line.replace("# ", "") : line))
      .join("\n");
    const shownRule = blocks("yaml")
      .find((block) => block.includes("the whole chain"))!
      .split("\n")[1]!;
    expect(text.replace(/\$\{\w+:-([^}]*)\}/g, "$1")).toContain(shownRule);
    const { output } = await policyCommand("test", await fileWith("chain.yaml", text));
    expect(output).toContain(shown("the same without a user")[0]!);
  });
});

describe("the demo with rules", () => {
  let stack: TestStack;
  let policyFile: string;
  beforeAll(async () => {
    policyFile = await fileWith("my-policy.yaml", policy);
    stack = await startStack({ modes: { policyFile, ...gateway } });
  });
  afterAll(() => stack?.stop());

  test("an unsigned call is refused by the rules, as the page shows", async () => {
    const reply = await fetch(stack.urls.supplyChainAgent, { method: "POST" });
    const answer = `HTTP/1.1 ${reply.status} ${reply.statusText}\n${await reply.text()}\n`;
    expect(blocks("text")).toContain(answer);
    await isInLog(stack, lineWith("authenticated=false"));
  });

  test("a document is not", async () => {
    const reply = await fetch(`${stack.urls.supplyChainAgent}/.well-known/aauth-resource`);
    expect(reply.status).toBe(200);
  });

  test("the backend's run completes, over a challenge by the agent", async () => {
    expect(await run(stack)).toMatchObject({ status: "completed" });
    await isInLog(stack, lineWith("http.status=401 … protocol=a2a"));
    await isInLog(stack, lineWith("http.status=200"));
  });

  test("after the change of the rule it is refused, and after its undoing it is not", async () => {
    const reloadLine =
      gatewayProgram === undefined ? lineWith("configuration reloaded") : "loaded config from File";
    const reloads = () => stack.log().split(reloadLine).length - 1;
    const before = reloads();
    await writeFile(policyFile, changed);
    await vi.waitFor(() => expect(reloads()).toBe(before + 1), { timeout: 20_000, interval: 50 });
    const refused = await run(stack);
    expect(refused.status).toBe("failed");
    expect(page).toContain(`> ${refused.failure?.message}`);
    await isInLog(stack, lineWith("http.status=403 … reason=Authorization … token_audience"));

    await writeFile(policyFile, policy);
    await vi.waitFor(() => expect(reloads()).toBe(before + 2), { timeout: 20_000, interval: 50 });
    expect(await run(stack)).toMatchObject({ status: "completed" });
  });
});

test("the demo with rules and signature scheme hwk: gateway-authz asks for an identity and gets one", async () => {
  const modes = {
    policyFile: "agentgateway/config-policy.yaml",
    signatureScheme: "hwk",
    ...gateway,
  } as const;
  const stack = await startStack({ modes });
  try {
    const { status, failure } = await run(stack);
    expect({ status, failure }, stack.log()).toEqual({ status: "completed", failure: undefined });
    await isInLog(stack, lineWith("reason=DirectResponse"));
  } finally {
    await stack.stop();
  }
});

/** Waits for a line of the page among the gateway's, its `…` standing for anything and the stack's ports for the demo's. */
async function isInLog(stack: TestStack, shown: string): Promise<void> {
  const quoted = shown.split("…").map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`${quoted.join(".*")}$`, "m");
  await vi.waitFor(() => expect(withDemoPorts(stack)).toMatch(pattern), { timeout: 5000 });
}

function withDemoPorts(stack: TestStack): string {
  const names = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  return names.reduce(
    (text, name) => text.replaceAll(`:${stack.ports[name]}`, `:${DEMO_PORTS[name]}`),
    stack.log(),
  );
}

async function run({ urls }: TestStack): Promise<Progress> {
  const headers = {
    authorization: `Bearer ${await userAccessToken(urls)}`,
    "content-type": "application/json",
  };
  const started = await fetch(`${urls.backend}/optimization/start`, {
    method: "POST",
    headers,
    body: JSON.stringify({ custom_prompt: "optimize laptop supply chain" }),
  });
  const { request_id } = startReplySchema.parse(await started.json());
  for (;;) {
    const reply = await fetch(`${urls.backend}/optimization/progress/${request_id}`, { headers });
    const progress = progressSchema.parse(await reply.json());
    if (progress.status !== "pending" && progress.status !== "running") return progress;
    await pause(100);
  }
}

/** docs/walkthrough/01 to 03 and 09 against real runs. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installLocalhostLookup } from "service-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StackModes } from "../../scripts/demo/stack.ts";
import { signIn } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { comparableLog, readWalkthroughPage, withDemoPorts } from "../support/walkthrough-page.ts";

installLocalhostLookup();

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe.each<[string, Partial<StackModes>]>([
  ["01-pseudonymous.md", { signatureScheme: "hwk", authorizationScheme: "signature-only" }],
  ["02-identified.md", { authorizationScheme: "signature-only" }],
  ["03-autonomous.md", {}],
])("docs/walkthrough/%s", (name, modes) => {
  const page = readWalkthroughPage(name);
  let log: string;

  beforeAll(async () => {
    const stack = await startStack({ modes });
    try {
      const user = await signIn(stack);
      const run = await user.run();
      expect(run.status).toBe("completed");
      log = comparableLog(stack.log(), stack.ports);
    } finally {
      await stack.stop();
    }
  });

  test("names the command for this mode", () => {
    const flags = [
      modes.signatureScheme && `--signature-scheme ${modes.signatureScheme}`,
      modes.authorizationScheme && `--authorization-scheme ${modes.authorizationScheme}`,
    ].filter(Boolean);
    const command = ["npm run demo", ...(flags.length > 0 ? ["--", ...flags] : [])].join(" ");
    expect(page.text).toContain(`\n\`\`\`\n${command}\n\`\`\`\n`);
  });

  test("shows log lines of a real run, each service's in their order", () => {
    expect(page.missingLines(log)).toEqual([]);
  });

  test("shows tokens with the claims of a real run, in their order", () => {
    expect(page.missingTokens(log)).toEqual([]);
  });

  test("names files that are there", () => {
    expect(page.missingFiles()).toEqual([]);
  });
});

describe("docs/walkthrough/09-progressive-levels.md", () => {
  const page = readWalkthroughPage("09-progressive-levels.md");
  let stack: TestStack;

  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack?.stop());

  test("shows what npm run levels prints", async () => {
    const { urls } = stack;
    const output = await levels("--resource", urls.supplyChainAgent, "--auth-server", urls.authServer);
    const comparable = (text: string) =>
      text
        .replace(/visitor\.localhost:\d+/g, "visitor")
        .replace(/Retry-After: \d+/g, "Retry-After: <seconds>")
        .trim();
    expect(comparable(withDemoPorts(output, stack.ports))).toBe(
      comparable(page.blocks("console").join("\n")),
    );
  });

  test("shows log lines and tokens of a real run, an order with the person included", async () => {
    const order = await startOrder(stack);
    expect(order.waiting.status).toBe("awaiting_person");
    const end = await decide(order, await visit(order), "approve");
    expect(end).toBe(`${stack.urls.ui}/?order=${order.waiting.order_id}`);
    expect(await order.state()).toMatchObject({ status: "placed", total: 62_500 });
    const log = comparableLog(stack.log(), stack.ports);
    expect(page.missingLines(log)).toEqual([]);
    expect(page.missingTokens(log)).toEqual([]);
  });

  test("names files that are there", () => {
    expect(page.missingFiles()).toEqual([]);
  });
});

function levels(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // Without a developer's .env: it may name other addresses.
    const env = { PATH: process.env.PATH };
    execFile(process.execPath, ["scripts/levels.ts", ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${stdout}${stderr}`)),
    );
  });
}

/**
 * `npx pnpm --filter NAME dev`: one service by hand, beside a running stack. pnpm passes the script
 * to a shell, and so does this.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "../support/child.ts";

const ENV_FILE_MODULE = import.meta.resolve("../../scripts/demo/env-file.ts");
const FOLDER = `${REPOSITORY_ROOT}services/`;
const SERVICES = readdirSync(FOLDER);

function scriptsOf(service: string): Record<string, string> {
  const text = readFileSync(`${FOLDER}${service}/package.json`, "utf8");
  return (JSON.parse(text) as { scripts: Record<string, string> }).scripts;
}

function dev(service: string, flags: string, env: NodeJS.ProcessEnv = {}) {
  const child = startChild("sh", ["-c", `${scriptsOf(service).dev} ${flags}`], {
    cwd: FOLDER + service,
    env: {
      ...env,
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      OTEL_SDK_DISABLED: "true",
    },
  });
  onTestFinished(() => void child.process.kill("SIGKILL"));
  return child;
}

test.each(SERVICES)(
  "%s: dev and start leave no shell behind that would turn a stop into a failure",
  (name) => {
    const { dev: byHand, start } = scriptsOf(name);
    // The trace store by hand also builds the page that it serves.
    const program = name === "trace-store" ? "../../scripts/demo/trace-store.ts" : "src/main.ts";
    expect(byHand).toBe(`exec node --import ../../scripts/demo/env-file.ts ${program}`);
    expect(start).toBe("exec node src/main.ts");
  },
);

test.each(["SIGINT", "SIGTERM"] as const)("%s: exit status 0, and no output", async (signal) => {
  const child = dev("gateway-authz", `--port ${await freePort()}`);
  await child.prints(/gateway-authz ready on /);
  child.process.kill(signal);
  expect(await child.ended).toEqual({ status: 0, signal: null });
  expect(child.text()).toMatch(/^gateway-authz ready on \S+\n$/);
});

test("a wrong setting ends it with exit status 2", async () => {
  const child = dev("supply-chain-agent", "--signature-scheme jwt");
  expect(await child.ended).toEqual({ status: 2, signal: null });
  expect(child.text()).toMatch(/^supply-chain-agent cannot start: one setting is wrong\n/);
});

test("the root's .env is read if it exists, and the shell's own variables take precedence", async () => {
  const root = mkdtempSync(join(tmpdir(), "env-file-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "scripts/demo"), { recursive: true });
  const copy = join(root, "scripts/demo/env-file.ts");
  writeFileSync(copy, readFileSync(new URL(ENV_FILE_MODULE)));
  const run = async () => {
    const script = "console.log(process.env.ONE, process.env.TWO)";
    const child = startChild(process.execPath, ["--import", copy, "--eval", script], {
      env: { TWO: "shell" },
    });
    await child.ended;
    return child.text();
  };
  expect(await run()).toBe("undefined shell\n");
  writeFileSync(join(root, ".env"), "ONE=file\nTWO=file\n");
  expect(await run()).toBe("file shell\n");
});

import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Child, isAlive, startChild } from "../support/child.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/", import.meta.url));
const STAMP = "node_modules/.pnpm-workspace-state-v1.json";

/** Prints its pid and how it was stopped; `exit=N` ends it with N. */
const SCRIPT = `
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { console.log("got " + signal); process.exit(5); });
console.log("pid " + process.pid + " args " + process.argv.slice(2).join(",") + " fromFile " + process.env.FROM_FILE);
const exit = process.argv.find((arg) => arg.startsWith("exit="));
if (exit) process.exit(Number(exit.slice(5)));
setInterval(() => {}, 1000);
`;

/** Replaces the build of the page. */
const BUILD_PAGE = 'import { writeFileSync } from "node:fs"; writeFileSync("page-built", "");';

/** Replaces npx: records its arguments and acts like an install. */
const NPX = `#!/bin/sh
echo "$@" > npx-arguments
[ -n "$NPX_FAILS" ] && { echo "registry said no"; exit 9; }
mkdir -p node_modules/.bin && ln -sf "$REAL_NODE" node_modules/.bin/node
case "$*" in *--prod*) dev=false;; *) dev=true;; esac
echo "{\\"settings\\":{\\"dev\\":$dev}}" > ${STAMP}
`;

let root: string;
const children: Child[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bootstrap-"));
  await mkdir(join(root, "scripts/demo"), { recursive: true });
  await mkdir(join(root, "bin"));
  for (const name of ["bootstrap.mjs", "commands.mjs", "help.json"])
    await copyFile(join(SCRIPTS, name), join(root, "scripts", name));
  const manifest = {
    packageManager: "pnpm@1.2.3",
    optionalDependencies: { "node-some-platform": "26.10.0" },
  };
  await writeFile(join(root, "package.json"), JSON.stringify(manifest));
  await writeFile(join(root, "pnpm-lock.yaml"), "");
  for (const script of ["demo/main.ts", "test.ts"]) await writeFile(join(root, "scripts", script), SCRIPT);
  await writeFile(join(root, "scripts/demo/build-page.ts"), BUILD_PAGE);
  await writeFile(join(root, "bin/npx"), NPX);
  await chmod(join(root, "bin/npx"), 0o755);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.process.kill("SIGKILL");
  await rm(root, { recursive: true, force: true });
});

async function pretendInstalled(): Promise<void> {
  await mkdir(join(root, "node_modules/.bin"), { recursive: true });
  await symlink(process.execPath, join(root, "node_modules/.bin/node"));
  await writeFile(join(root, STAMP), '{"settings":{"dev":true}}');
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = startChild(process.execPath, [join(root, "scripts/bootstrap.mjs"), ...args], {
    env: { PATH: `${join(root, "bin")}:${process.env.PATH}`, REAL_NODE: process.execPath, ...env },
  });
  children.push(child);
  return child;
}

const npxArguments = () => readFile(join(root, "npx-arguments"), "utf8").catch(() => undefined);

describe("installing", () => {
  test("installs with the pinned pnpm and the frozen lock if nothing is there, then runs the command", async () => {
    const child = start(["demo", "--flag", "exit=0"]);
    expect((await child.ended).status).toBe(0);
    expect(await npxArguments()).toMatch(/^--yes pnpm@1\.2\.3 install --frozen-lockfile/);
    expect(child.text()).toContain("Installing dependencies (first time");
    expect(child.text()).toContain("args --flag,exit=0");
    await access(join(root, "page-built"));
  });

  test("prints and does nothing if node_modules is newer than the lock", async () => {
    await pretendInstalled();
    const child = start(["demo", "exit=0"]);
    await child.ended;
    expect(await npxArguments()).toBeUndefined();
    expect(child.text()).toMatch(/^pid /);
    await expect(access(join(root, "page-built"))).rejects.toThrow("ENOENT");
  });

  test("installs again after the lock has changed, once", async () => {
    await pretendInstalled();
    const past = new Date(Date.now() - 60_000);
    await utimes(join(root, STAMP), past, past);
    const first = start(["demo", "exit=0"]);
    await first.ended;
    expect(first.text()).toContain("Dependencies changed");
    const second = start(["demo", "exit=0"]);
    await second.ended;
    expect(second.text()).not.toContain("nstall");
  });

  test("leaves the tools of the tests to the command that needs them, and keeps them then", async () => {
    await start(["demo", "exit=0"]).ended;
    expect(await npxArguments()).toContain("--prod");
    const check = start(["check"]);
    await vi.waitFor(() => expect(check.text()).toContain("pid "), { timeout: 20_000 });
    expect(check.text()).toContain("Installing the tools of the tests");
    expect(await npxArguments()).not.toContain("--prod");
    const past = new Date(Date.now() - 60_000);
    await utimes(join(root, STAMP), past, past);
    await start(["demo", "exit=0"]).ended;
    expect(await npxArguments()).not.toContain("--prod");
  });

  test("a failed install shows the reason and keeps its status", async () => {
    const child = start(["demo"], { NPX_FAILS: "1" });
    expect((await child.ended).status).toBe(9);
    expect(child.text()).toContain("registry said no");
    expect(child.text()).toContain("could not be installed");
    expect(child.text()).toContain("npx pnpm@1.2.3 install");
  });
});

describe("--help of a command that starts something heavy", () => {
  test.each(["bench", "test:all", "doctor"])(
    "%s: shown without an install, as a wrong flag is",
    async (command) => {
      const help = start([command, "--help"]);
      expect((await help.ended).status).toBe(0);
      expect(help.text()).toMatch(
        new RegExp(`^npm run ${command}\\b.*\\n\\n[^]*(?:minute|hour|second)`, "i"),
      );
      const wrong = start([command, "--bogus"]);
      expect((await wrong.ended).status).toBe(2);
      expect(wrong.text()).toMatch(/^.*--bogus: unknown flag; .*--help.*\n$/);
      expect(await npxArguments()).toBeUndefined();
    },
  );

  test.each([
    ["demo", "--profile"],
    ["explain", "--jwks"],
    ["policy", "--requests"],
  ])("%s: shows %s without an install", async (command, flag) => {
    const help = start([command, "--help"]);
    expect((await help.ended).status).toBe(0);
    expect(help.text()).toMatch(new RegExp(`^npm run ${command}\\b[^]*^ *${flag}\\b`, "m"));
    expect(await npxArguments()).toBeUndefined();
  });
});

describe("running", () => {
  beforeEach(pretendInstalled);

  test(".env is read, and the environment beats it", async () => {
    await writeFile(join(root, ".env"), "FROM_FILE=file\n");
    const child = start(["demo", "exit=0"]);
    await child.ended;
    expect(child.text()).toContain("fromFile file");
    const other = start(["demo", "exit=0"], { FROM_FILE: "shell" });
    await other.ended;
    expect(other.text()).toContain("fromFile shell");
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s is passed on to the command", async (signal) => {
    const child = start(["demo"]);
    await child.prints(/^pid \d+/m);
    child.process.kill(signal);
    expect((await child.ended).status).toBe(5);
    expect(child.text()).toContain(`got ${signal}`);
  });

  test("a command ended by a signal exits with 128 plus its number", async () => {
    const child = start(["demo"]);
    const [, pid] = await child.prints(/^pid (\d+)/m);
    process.kill(Number(pid), "SIGKILL");
    expect((await child.ended).status).toBe(137);
  });

  test.each([
    ["its parent", '"$0" "$1" demo & wait'],
    // dash stays between npm and the script if the command line has more than the script.
    ["its parent's parent", "sh -c \"'$0' '$1' demo; true\" & wait"],
  ])("when npm, %s, is killed, the command is stopped", async (who, script) => {
    if (who !== "its parent" && process.platform !== "linux") return;
    const npm = startChild("sh", ["-c", script, process.execPath, join(root, "scripts/bootstrap.mjs")], {
      env: { PATH: process.env.PATH, npm_lifecycle_event: "demo" },
    });
    children.push(npm);
    const [, pid] = await npm.prints(/^pid (\d+)/m);
    npm.process.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), { timeout: 20_000 });
    expect(npm.text()).toContain("got SIGTERM");
  });
});

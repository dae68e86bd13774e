/**
 * Servers of other runtimes, each a separate process, over the packages as packed and installed.
 * `npm run test:all -- runtimes` makes their folders.
 */

import { mkdtemp } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startChild } from "../support/child.ts";
import { bundleWorker } from "./bundle-worker.ts";
import { listen } from "./parties.ts";
import type { ServerUnderTest, Started } from "./server-under-test.ts";
import type { Settings } from "./servers/reports.ts";

const installed = (path: string) => `${process.env.RUNTIMES_UNDER_TEST}/node_modules/${path}`;
/** A module of `servers`, beside the installed packages. */
export const source = (name: string) => `${process.env.INSTALLED_PACKAGES}/servers/${name}`;
const START_MS = 60_000;
const BUN = installed("@oven/bun-linux-x64/bin/bun");
const DENO = installed("@deno/linux-x64-glibc/deno");
const WORKERD = installed("@cloudflare/workerd-linux-64/bin/workerd");
const MAY = ["--allow-net", "--allow-read", "--allow-env"];

type Start = (settings: Settings) => Promise<Started>;

const bun: Start = (settings) => startAs(settings, (own) => [BUN, source("bun.ts"), own]);

const deno: Start = (settings) =>
  startAs(settings, (own) => [DENO, "run", "--no-lock", ...MAY, source("deno.ts"), own]);

/**
 * Starts workerd with Durable Objects for a module's stores.
 *
 * @param objects an empty folder, or one that an earlier workerd has left
 * @returns the server at each of its isolates; `stop` of either ends both
 */
export async function startIsolates(
  module: string,
  bindings: Readonly<Record<string, string>>,
  objects: string,
): Promise<readonly [Started, Started]> {
  const ports = [await freePort(), await freePort()] as const;
  const config = await bundleWorker(source(module), { bindings, ports, objects });
  const first = await started([WORKERD, "serve", config], ports[0]);
  return [first, { ...first, port: ports[1] }];
}

const workerd: Start = async (settings) => {
  const objects = await mkdtemp(join(tmpdir(), "objects-"));
  return (await startIsolates("workerd.ts", { SETTINGS: JSON.stringify(settings) }, objects))[0];
};

type Command = readonly [program: string, ...args: string[]];

/** Starts the program with these settings. */
async function startAs(settings: Settings, commandOf: (own: string) => Command): Promise<Started> {
  const port = await freePort();
  return started(commandOf(JSON.stringify({ ...settings, port })), port);
}

/** Port of the guide's samples. */
const SAMPLE_PORT = 4020;

/**
 * Starts a sample of the guide, which contains its port.
 *
 * @param key the binding of a Workers module
 */
export async function startSample(
  runtime: "node" | "bun" | "deno" | "workerd",
  file: string,
  key: string,
): Promise<Started> {
  const commands: Readonly<Record<typeof runtime, () => Command | Promise<Command>>> = {
    node: () => [process.execPath, file],
    bun: () => [BUN, file],
    deno: () => [DENO, "run", "--no-lock", ...MAY, file],
    workerd: async () => {
      const config = await bundleWorker(file, { bindings: { KEY: key }, ports: [SAMPLE_PORT] });
      return [WORKERD, "serve", config];
    },
  };
  return started(await commands[runtime](), SAMPLE_PORT);
}

/** Waits until the port of a program is open. */
export async function started(
  [program, ...args]: Command,
  port: number,
  env = process.env,
): Promise<Started> {
  const child = startChild(program, args, { env });
  const stop = async () => {
    child.process.kill("SIGKILL");
    await child.ended;
  };
  const giveUpAt = performance.now() + START_MS;
  while (!(await isOpen(port))) {
    if (child.process.exitCode !== null || performance.now() > giveUpAt) {
      await stop();
      throw new Error(`${program} does not listen: ${child.text()}`);
    }
    await setTimeout(50);
  }
  return { port, stop };
}

/** A port that nothing listens at. */
export async function freePort(): Promise<number> {
  const { port, stop } = await listen(() => {});
  stop();
  return port;
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

/** By the names that the table of the documents has. */
export const RUNTIME_SERVERS: Readonly<Record<string, ServerUnderTest>> = {
  Bun: { gate: "aauth/fetch", packages: ["@oven/bun-linux-x64"], start: bun },
  Deno: { gate: "aauth/fetch", packages: ["@deno/linux-x64-glibc"], start: deno },
  workerd: { gate: "aauth/fetch", packages: ["@cloudflare/workerd-linux-64"], start: workerd },
};

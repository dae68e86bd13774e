/** Servers of other runtimes, each in a process of its own, from the folder that `npm run test:all -- runtimes` makes. */

import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { startChild } from "../support/child.ts";
import { bundleWorker } from "./bundle-worker.ts";
import type { Started } from "./node-servers.ts";
import { listen } from "./parties.ts";
import type { Settings } from "./servers/reports.ts";

const installed = (path: string) => `${process.env.RUNTIMES_UNDER_TEST}/node_modules/${path}`;
const source = (name: string) => new URL(`servers/${name}`, import.meta.url).pathname;
const START_MS = 60_000;
const BUN = installed("@oven/bun-linux-x64/bin/bun");
const DENO = installed("@deno/linux-x64-glibc/deno");
const WORKERD = installed("@cloudflare/workerd-linux-64/bin/workerd");
const MAY = ["--allow-net", "--allow-read", "--allow-env"];

type Start = (settings: Settings) => Promise<Started>;

const bun: Start = (settings) => startAs(settings, (own) => [BUN, source("bun.ts"), own]);

const deno: Start = (settings) =>
  startAs(settings, (own): Command => [DENO, "run", "--no-lock", ...MAY, source("deno.ts"), own]);

const workerd: Start = (settings) =>
  startAs(settings, async (own, port) => [
    WORKERD,
    "serve",
    await bundleWorker(source("workerd.ts"), { SETTINGS: own }, port),
  ]);

type Command = readonly [program: string, ...args: string[]];

/** Starts the program that gets these settings. */
async function startAs(
  settings: Settings,
  commandOf: (own: string, port: number) => Command | Promise<Command>,
): Promise<Started> {
  const port = await freePort();
  const knownSince = Math.floor(Date.now() / 1000);
  return started(await commandOf(JSON.stringify({ ...settings, port, knownSince }), port), port);
}

/** Where the samples of the guide listen. */
const SAMPLE_PORT = 4020;

/**
 * Starts a sample of the guide, which has its port in it.
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
    workerd: async () => [WORKERD, "serve", await bundleWorker(file, { KEY: key }, SAMPLE_PORT)],
  };
  return started(await commands[runtime](), SAMPLE_PORT);
}

/** Waits until the port of a program is open. */
async function started([program, ...args]: Command, port: number): Promise<Started> {
  const child = startChild(program, args);
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

async function freePort(): Promise<number> {
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

/** By what the table of the documents calls them. */
export const RUNTIME_SERVERS: Readonly<Record<string, Start>> = { Bun: bun, Deno: deno, workerd };

/** Servers of other runtimes, each in a process of its own, from the folder that `npm run test:all -- runtimes` makes. */

import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { startChild } from "../support/child.ts";
import type { Started } from "./node-servers.ts";
import { listen } from "./parties.ts";
import type { Settings } from "./servers/reports.ts";

const installed = (path: string) => `${process.env.RUNTIMES_UNDER_TEST}/node_modules/${path}`;
const source = (name: string) => new URL(`servers/${name}`, import.meta.url).pathname;
const START_MS = 30_000;

type Start = (settings: Settings) => Promise<Started>;

const bun: Start = (settings) =>
  startAs(installed("@oven/bun-linux-x64/bin/bun"), [source("bun.ts")], settings);

const deno: Start = (settings) =>
  startAs(
    installed("@deno/linux-x64-glibc/deno"),
    ["run", "--no-lock", "--allow-net", "--allow-read", "--allow-env", source("deno.ts")],
    settings,
  );

/** Starts a program with settings as its last argument, and waits until its port is open. */
async function startAs(program: string, args: readonly string[], settings: Settings): Promise<Started> {
  const port = await freePort();
  const child = startChild(program, [...args, JSON.stringify({ ...settings, port })]);
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
export const RUNTIME_SERVERS: Readonly<Record<string, Start>> = { Bun: bun, Deno: deno };

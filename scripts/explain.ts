/**
 * `npm run explain -- FILE|-`: the command of `aauth-explain`, from its sources. `--open` serves
 * the page "Why was this refused?", and `--page FILE` writes it as one file.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { copyFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createPageServer } from "../ui/server/page-server.ts";
import { builtPage } from "./demo/built-page.ts";

const args = process.argv.slice(2);
if (!args.some((arg) => /^--(?:page|open)(?:=|$)/.test(arg))) {
  await import("../packages/aauth-explain/src/command/main.ts");
} else {
  try {
    const { page, open } = flags();
    const folder = await builtPage();
    if (page !== undefined) await write(join(folder, "why.html"), page);
    if (open) await serve(folder);
  } catch (error) {
    console.error(`explain: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}

function flags(): { page?: string | undefined; open?: boolean | undefined } {
  try {
    return parseArgs({ args, options: { page: { type: "string" }, open: { type: "boolean" } } }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new Error(`bad_usage: ${reason} --page FILE and --open take no other arguments.`);
  }
}

async function write(built: string, name: string): Promise<void> {
  // npm starts scripts in the root; INIT_CWD is the user's folder.
  const file = resolve(process.env.INIT_CWD || ".", name);
  try {
    await copyFile(built, file);
  } catch (error) {
    throw new Error(`cannot_write: ${name} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
  console.log(`Written: ${file}. It opens from disk, and any static host can serve it.`);
}

/** Serves the page until the process ends. */
async function serve(folder: string): Promise<void> {
  const noDemo = { backendUrl: "http://localhost", authServerUrl: "http://localhost", clientId: "" };
  const server = createPageServer(folder, noDemo);
  await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/why.html`;
  console.log(`Why was this refused? ${url} (Ctrl-C ends it)`);
  const { platform, env } = process;
  const hasScreen = platform !== "linux" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  const opener = { darwin: "open", linux: "xdg-open" }[platform as string];
  // Without one, the address is printed.
  if (opener && hasScreen) spawn(opener, [url], { stdio: "ignore" }).on("error", () => {});
}

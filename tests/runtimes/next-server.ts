/** Next, as built by `next build` and served by `next start`, over the packages as packed. */

import { cp, rm, symlink } from "node:fs/promises";
import { startChild } from "../support/child.ts";
import { freePort, started } from "./runtime-servers.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

const folder = `${process.env.INSTALLED_PACKAGES}/next`;
const modules = `${process.env.NEXT_UNDER_TEST}/node_modules`;
const NEXT_PROGRAM = `${modules}/next/dist/bin/next`;
/** Disables telemetry and downloads. */
const QUIET = { NEXT_TELEMETRY_DISABLED: "1", NEXT_IGNORE_INCORRECT_LOCKFILE: "1" };

/** @throws Error with the output of the build */
async function build(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [from, to] of [
    ["next", folder],
    ["servers", `${folder}/servers`],
  ] as const)
    await cp(new URL(from, import.meta.url), to, { recursive: true });
  await symlink(modules, `${folder}/node_modules`);
  const env = { ...process.env, ...QUIET };
  const child = startChild(process.execPath, [NEXT_PROGRAM, "build", folder], { env });
  const { status } = await child.ended;
  if (status !== 0) throw new Error(`next build: ${child.text()}`);
}

/** A route handler for all paths. */
export const NEXT: ServerUnderTest = {
  gate: "aauth/fetch",
  packages: ["next"],
  // It keeps the first of two fields.
  drops: ["a second content type"],
  async start(settings) {
    await build();
    const port = await freePort();
    const where = [folder, "--hostname", "127.0.0.1", "--port", `${port}`];
    const env = { ...process.env, ...QUIET, SETTINGS: JSON.stringify(settings) };
    return started([process.execPath, NEXT_PROGRAM, "start", ...where], port, env);
  },
};

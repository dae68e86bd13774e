/**
 * `npm run bench [-- name …]`: runs the benchmarks named, or all, each as a process of its own, and ends with a table for the README.
 * The exit code is 1 when a target is missed by more than the margin for noisy machines.
 *
 * @module
 */

import { fork } from "node:child_process";
import { LIBSODIUM_FLAG } from "../scripts/demo/stack.ts";
import { busyMachineLine, machineLine } from "./machine.ts";
import { markdownTable, type Row } from "./rows.ts";

interface Part {
  readonly script: URL;
  readonly nodeFlags?: readonly string[];
}

const part = (name: string, nodeFlags?: readonly string[]): Part => ({
  script: new URL(`./${name}.ts`, import.meta.url),
  ...(nodeFlags && { nodeFlags }),
});

const PARTS: Readonly<Record<string, Part>> = {
  "sign-verify": part("sign-verify"),
  "sign-verify-libsodium": part("sign-verify", [LIBSODIUM_FLAG]),
  route: part("route"),
  flow: part("flow"),
  "flow-libsodium": part("flow", [LIBSODIUM_FLAG]),
  gateway: part("gateway"),
  "gateway-libsodium": part("gateway", [LIBSODIUM_FLAG]),
  tracing: part("tracing"),
  page: part("page"),
  start: part("start"),
};

/** Run only when they are named. */
const ON_REQUEST: Readonly<Record<string, Part>> = { "token-endpoint": part("token-endpoint") };

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const all = { ...PARTS, ...ON_REQUEST };
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    console.error(`no benchmark "${unknown}"; there are: ${Object.keys(all).join(", ")}`);
    return 2;
  }
  const machine = machineLine();
  const busy = busyMachineLine();
  console.log(busy === undefined ? machine : `${machine}\n${busy}`);

  const rows: Row[] = [];
  const failed: string[] = [];
  for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
    console.log(`\n== ${name} ==`);
    if (!(await runPart(all[name]!, rows))) failed.push(name);
  }
  console.log(`\n${markdownTable(rows)}\n\nMeasured on ${machine}.`);
  if (busy !== undefined) console.log(busy);
  const missed = rows.filter(({ verdict }) => verdict === "missed").length;
  if (missed > 0) console.log(`${missed} of ${rows.length} figures miss their target.`);
  if (failed.length > 0) console.error(`Failed, or beyond the margin: ${failed.join(", ")}.`);
  return failed.length > 0 ? 1 : 0;
}

/** A process of its own, so that no benchmark runs in what another has left behind. Its output is shown as it comes. */
async function runPart({ script, nodeFlags = [] }: Part, rows: Row[]): Promise<boolean> {
  const part = fork(script, { execArgv: [...nodeFlags] });
  part.on("message", (message) => rows.push(...(message as Row[])));
  // What the part has started watches it, and ends with it.
  const stop = () => {
    part.kill("SIGTERM");
    process.exit(1);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  const status = await new Promise((resolve) => part.once("close", resolve));
  for (const signal of STOP_SIGNALS) process.off(signal, stop);
  return status === 0;
}

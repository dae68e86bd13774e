/**
 * `npm run bench [-- name …]`: runs the benchmarks named, or all, each as a process of its own, and ends with a table for the README.
 * The exit code is 1 when a target is missed by more than the margin for noisy machines.
 *
 * @module
 */

import { fork } from "node:child_process";
import { busyMachineLine, machineLine } from "./machine.ts";
import { markdownTable, type Row } from "./rows.ts";

const PARTS: Readonly<Record<string, URL>> = {
  "sign-verify": new URL("./sign-verify.ts", import.meta.url),
  route: new URL("./route.ts", import.meta.url),
  flow: new URL("./flow.ts", import.meta.url),
  gateway: new URL("./gateway.ts", import.meta.url),
  tracing: new URL("./tracing.ts", import.meta.url),
  page: new URL("./page.ts", import.meta.url),
  start: new URL("./start.ts", import.meta.url),
};

/** Run only when they are named. */
const ON_REQUEST: Readonly<Record<string, URL>> = {
  "token-endpoint": new URL("./token-endpoint.ts", import.meta.url),
};

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
async function runPart(script: URL, rows: Row[]): Promise<boolean> {
  const part = fork(script);
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

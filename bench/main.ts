/**
 * `npm run bench [-- name …]`: runs the benchmarks named, or all, each as a process of its own, and ends with a table for the README.
 * `npm run bench -- --beside FOLDER name …` runs them by turns here and in another checkout, and ends with both.
 *
 * @module
 */

import { fork } from "node:child_process";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LIBSODIUM_FLAG } from "../scripts/demo/stack.ts";
import { busyMachineLine, machineLine } from "./machine.ts";
import { quantile } from "./measure.ts";
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

/** By turns, so that whatever the machine does meanwhile hits both. */
const TURNS = 3;

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const [flag, folder, ...others] = argv;
  const beside = flag === "--beside" ? folder : undefined;
  const names = beside === undefined ? argv : others;
  const all = { ...PARTS, ...ON_REQUEST };
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    console.error(`no benchmark "${unknown}"; there are: ${Object.keys(all).join(", ")}`);
    return 2;
  }
  const machine = machineLine();
  const busy = busyMachineLine();
  console.log(busy === undefined ? machine : `${machine}\n${busy}`);

  const parts = names.length > 0 ? names : Object.keys(PARTS);
  const failed = beside === undefined ? await runAll(parts, all) : await runBeside(beside, parts, all);
  console.log(`\nMeasured on ${machine}.`);
  if (busy !== undefined) console.log(busy);
  if (failed.length > 0) console.error(`Failed: ${failed.join(", ")}.`);
  return failed.length > 0 ? 1 : 0;
}

async function runAll(names: readonly string[], all: Readonly<Record<string, Part>>): Promise<string[]> {
  const rows: Row[] = [];
  const failed: string[] = [];
  for (const name of names) {
    console.log(`\n== ${name} ==`);
    if (!(await runPart(all[name]!, rows))) failed.push(name);
  }
  console.log(`\n${markdownTable(rows)}`);
  return failed;
}

/** The figures of both checkouts, each the median of its turns: what they are divided by here is the other checkout's. */
async function runBeside(
  folder: string,
  names: readonly string[],
  all: Readonly<Record<string, Part>>,
): Promise<string[]> {
  const here = fileURLToPath(new URL("..", import.meta.url));
  const failed = new Set<string>();
  const measured = new Map<string, { here: number[]; there: number[] }>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const name of names) {
      for (const side of turn % 2 === 0 ? (["here", "there"] as const) : (["there", "here"] as const)) {
        console.log(`\n== ${name}, ${side} ==`);
        const rows: Row[] = [];
        const ended = await runPart(all[name]!, rows, side === "here" ? here : folder);
        // Another checkout may still judge its figures by its exit code.
        if (!ended && (side === "here" || rows.length === 0)) failed.add(name);
        for (const { what, value } of rows) {
          const values = measured.get(what) ?? { here: [], there: [] };
          values[side].push(Number.parseFloat(value));
          measured.set(what, values);
        }
      }
    }
  }
  console.log("\n| measured | here | there | here / there |\n|---|---|---|---|");
  for (const [what, values] of measured) {
    const [ours, theirs] = [quantile(values.here, 0.5), quantile(values.there, 0.5)];
    if (ours === undefined || theirs === undefined) continue;
    console.log(`| ${what} | ${ours} | ${theirs} | ${(ours / theirs).toFixed(2)} |`);
  }
  return [...failed];
}

/** A process of its own, so that no benchmark runs in what another has left behind. Its output is shown as it comes. */
async function runPart({ script, nodeFlags = [] }: Part, rows: Row[], folder?: string): Promise<boolean> {
  const program = folder === undefined ? script : resolve(folder, "bench", basename(script.pathname));
  const part = fork(program, { execArgv: [...nodeFlags], ...(folder !== undefined && { cwd: folder }) });
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

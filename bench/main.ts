/**
 * `npm run bench [-- name …]`: runs the named benchmarks, or all, each as a separate process, and
 * ends with a table for the README. `npm run bench -- --beside FOLDER name …` alternates between
 * this checkout and another, and ends with the figures of both.
 *
 * @module
 */

import { fork } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { busyMachineLine, machineLine } from "./machine.ts";
import { quantile } from "./measure.ts";
import { markdownTable, type Row } from "./rows.ts";

/** Programs of this folder, by the names of their parts. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "sign-verify": "sign-verify",
  route: "february-2026/route",
  flow: "february-2026/flow",
  gateway: "february-2026/gateway",
};
const PARTS = Object.keys(PROGRAMS);

/** In turn, so that whatever else the machine does affects both checkouts. */
const TURNS = 3;

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const [flag, folder, ...others] = argv;
  const beside = flag === "--beside" ? folder : undefined;
  const names = beside === undefined ? argv : others;
  const unknown = names.find((name) => !PARTS.includes(name));
  if (unknown !== undefined) {
    console.error(`no benchmark "${unknown}"; there are: ${PARTS.join(", ")}`);
    return 2;
  }
  const machine = machineLine();
  const busy = busyMachineLine();
  console.log(busy === undefined ? machine : `${machine}\n${busy}`);

  const parts = names.length > 0 ? names : PARTS;
  const failed = beside === undefined ? await runAll(parts) : await runBeside(beside, parts);
  console.log(`\nMeasured on ${machine}.`);
  if (busy !== undefined) console.log(busy);
  if (failed.length > 0) console.error(`Failed: ${failed.join(", ")}.`);
  return failed.length > 0 ? 1 : 0;
}

async function runAll(names: readonly string[]): Promise<string[]> {
  const rows: Row[] = [];
  const failed: string[] = [];
  for (const name of names) {
    console.log(`\n== ${name} ==`);
    if (!(await runPart(name, rows))) failed.push(name);
  }
  console.log(`\n${markdownTable(rows)}`);
  return failed;
}

/** The figures of both checkouts, each the median of its turns. */
async function runBeside(folder: string, names: readonly string[]): Promise<string[]> {
  const failed = new Set<string>();
  const measured = new Map<string, { here: number[]; there: number[] }>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const name of names) {
      for (const side of turn % 2 === 0 ? (["here", "there"] as const) : (["there", "here"] as const)) {
        console.log(`\n== ${name}, ${side} ==`);
        const rows: Row[] = [];
        if (!(await runPart(name, rows, side === "here" ? undefined : resolve(folder)))) failed.add(name);
        for (const { what, value } of rows) {
          const values = measured.get(what) ?? { here: [], there: [] };
          values[side].push(Number.parseFloat(value));
          measured.set(what, values);
        }
      }
    }
  }
  console.log("\n| measured | here | there | here / there |\n|---|---|---|---|");
  for (const [what, { here, there }] of measured) {
    if (here.length === 0 || there.length === 0) continue;
    const [ours, theirs] = [quantile(here, 0.5), quantile(there, 0.5)];
    console.log(`| ${what} | ${ours} | ${theirs} | ${(ours / theirs).toFixed(2)} |`);
  }
  return [...failed];
}

/**
 * Runs a part as a separate process, so that no benchmark inherits the state of another. Its output
 * is shown as it comes.
 */
async function runPart(name: string, rows: Row[], folder?: string): Promise<boolean> {
  const here = fileURLToPath(new URL("..", import.meta.url));
  // The flow goes through a running demo: it needs nothing of the other checkout's code, and is
  // measured in the same way in both.
  const program = resolve(name === "flow" ? here : (folder ?? here), "bench", `${PROGRAMS[name]}.ts`);
  const part = fork(program, { cwd: folder ?? here });
  part.on("message", (message) => rows.push(...(message as Row[])));
  // Processes that the part has started watch it and end with it.
  const stop = () => {
    part.kill("SIGTERM");
    process.exit(1);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  const status = await new Promise((resolve) => part.once("close", resolve));
  for (const signal of STOP_SIGNALS) process.off(signal, stop);
  return status === 0;
}

/**
 * The test commands of scripts/commands.mjs: `node scripts/test.ts COMMAND [PART|ID|PATH …]`. Ends
 * with the line `N passed, N failed[, N skipped]` and a failing exit status when anything failed.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { judgeMutations } from "./holes/judge-mutations.ts";
import { mutationsNamed } from "./holes/select-mutations.ts";
import { type Part, runParts } from "./run-parts.ts";
import { LONG_PARTS, QUICK_PARTS, SLOW_PARTS } from "./test-parts.ts";

type Parts = Readonly<Record<string, Part>>;

const [command = "", ...args] = process.argv.slice(2);

const COMMANDS: Readonly<Record<string, () => Parts>> = {
  test: () => QUICK_PARTS,
  "test:all": () => ({ ...QUICK_PARTS, ...SLOW_PARTS }),
  "test:long": () => LONG_PARTS,
  check: () => ({ static: QUICK_PARTS.static }),
  "test:holes": () => {
    const options = { seed: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: args.splice(0), options, allowPositionals: true });
    const mutations = mutationsNamed(positionals, values.seed);
    return { holes: () => judgeMutations(mutations) };
  },
};

try {
  const parts = COMMANDS[command]!();
  await runParts(`npm ${command === "test" ? "" : "run "}${command}`, parts, args);
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

/**
 * The test commands of scripts/commands.mjs: `node scripts/test.ts COMMAND [PART|ID|PATH …]`. Ends
 * with the line `N passed, N failed[, N skipped]` and a failing exit status when anything failed.
 *
 * @module
 */

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { judgeMutations } from "./holes/judge-mutations.ts";
import { mutationsNamed } from "./holes/select-mutations.ts";
import { type Part, runParts } from "./run-parts.ts";
import { runStaticChecks, writeWhatIsChecked } from "./static-checks.ts";
import { interopPart, LONG_PARTS, QUICK_PARTS, SLOW_PARTS } from "./test-parts.ts";

type Parts = Readonly<Record<string, Part>>;

const [command = "", ...args] = process.argv.slice(2);
const path = { type: "string" } as const;

const COMMANDS: Readonly<Record<string, () => Parts>> = {
  test: () => QUICK_PARTS,
  "test:all": () => {
    const { demo, keycloak, gateway } = flagsOf({ demo: path, keycloak: path, gateway: path });
    return { ...QUICK_PARTS, ...SLOW_PARTS, interop: interopPart({ demo, keycloak, gateway }) };
  },
  "test:long": () => LONG_PARTS,
  check: () => {
    const { write } = flagsOf({ write: { type: "boolean" } });
    return {
      static: async () => {
        if (write) await writeWhatIsChecked();
        return [await runStaticChecks()];
      },
    };
  },
  "test:holes": () => {
    const { seed } = flagsOf({ seed: { type: "string" } });
    const mutations = mutationsNamed(args.splice(0), seed);
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

/** Takes the flags out of the arguments. */
function flagsOf<Options extends ParseArgsOptionsConfig>(options: Options) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  args.splice(0, args.length, ...positionals);
  return values;
}

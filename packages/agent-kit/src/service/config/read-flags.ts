import { parseArgs } from "node:util";
import { closestName } from "./closest-name.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { Settings } from "./setting.ts";

/**
 * Result of reading the command line: raw values by setting name, problems, and whether help was
 * requested.
 */
export interface FlagReading {
  readonly values: ReadonlyMap<string, string>;
  readonly problems: readonly ConfigProblem[];
  readonly helpRequested: boolean;
}

/**
 * Reads the arguments after the script's name. Collects every problem instead of stopping at the
 * first.
 */
export function readFlags(settings: Settings, argv: readonly string[]): FlagReading {
  const byFlag = new Map<string, { name: string; isSwitch: boolean }>();
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [name, { flag, shortFlag, schema }] of Object.entries(settings)) {
    if (flag === undefined) continue;
    const isSwitch = schema.safeParse("true").data === true;
    byFlag.set(flag, { name, isSwitch });
    options[flag] = {
      type: isSwitch ? "boolean" : "string",
      ...(shortFlag !== undefined && { short: shortFlag }),
    };
  }

  const values = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  let helpRequested = false;
  let unknownFlagIndex = Number.NaN;
  // Not strict: strict mode throws at the first wrong flag and echoes its value.
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    tokens: true,
    allowNegative: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (token.index === unknownFlagIndex + 1) continue; // the value of the flag already reported
      problems.push({
        name: token.value,
        message: "unexpected argument; settings are given as --name value",
      });
      continue;
    }
    if (token.kind === "option-terminator") continue;
    if (token.name === "help") {
      helpRequested = true;
      continue;
    }
    const known = byFlag.get(token.name) ?? byFlag.get(token.name.replace(/^no-/, ""));
    if (known === undefined) {
      if (token.inlineValue === undefined) unknownFlagIndex = token.index;
      const closest = closestName(token.name, byFlag.keys());
      const suggestion = closest === undefined ? "--help lists the flags" : `did you mean --${closest}?`;
      problems.push({ name: token.rawName, message: `unknown flag; ${suggestion}` });
    } else if (known.isSwitch) {
      // `--no-ui=false` would be contradictory. Strict mode also refuses values of switches.
      const isOff = token.rawName.startsWith("--no-");
      if (token.value === undefined) values.set(known.name, isOff ? "false" : "true");
      else problems.push({ name: token.rawName, message: switchProblem(token.name.replace(/^no-/, "")) });
    } else if (!token.value || (!token.inlineValue && token.value.startsWith("--"))) {
      problems.push({ name: token.rawName, message: "needs a value" });
    } else {
      values.set(known.name, token.value);
    }
  }
  return { values, problems, helpRequested };
}

function switchProblem(flag: string): string {
  return `takes no value; --${flag} turns it on, --no-${flag} off`;
}

#!/usr/bin/env node
/**
 * `aauth-explain FILE|-`: judges signed requests check by check, offline.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { readAtMost } from "aauth";
import { InputError, MAX_INPUT_BYTES } from "../read/input-error.ts";
import { runExplainCommand } from "./explain-command.ts";

const { env, stdout } = process;

process.exitCode = await runExplainCommand(process.argv.slice(2), {
  // npm starts scripts in the root; INIT_CWD is the user's folder.
  async read(name) {
    const stream = name === "-" ? process.stdin : createReadStream(resolve(env.INIT_CWD || ".", name));
    try {
      return await readAtMost(stream, MAX_INPUT_BYTES);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new InputError("input_too_large", `${name} has more than ${MAX_INPUT_BYTES / 1_000_000} MB`);
    }
  },
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  colour: stdout.isTTY === true && !env.NO_COLOR,
  now: () => Math.floor(Date.now() / 1000),
});

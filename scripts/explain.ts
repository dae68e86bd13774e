/**
 * `npm run explain -- FILE|-`: judges a signed request check by check, as the verifier does,
 * offline.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { wantsColour } from "./demo/log-lines.ts";
import { runExplainCommand } from "./explain/explain-command.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

process.exitCode = await runExplainCommand(process.argv.slice(2), {
  // npm starts scripts in the root; INIT_CWD is the user's folder.
  read: async (name) =>
    name === "-" ? buffer(process.stdin) : readFile(resolve(process.env.INIT_CWD || root, name)),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  colour: wantsColour(process.stdout, process.env),
  now: () => Math.floor(Date.now() / 1000),
});

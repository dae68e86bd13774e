/**
 * `npm run policy -- check FILE` and `npm run policy -- test FILE`: a gateway policy, linted and
 * tried out without a gateway.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runPolicyCommand } from "../services/gateway/src/policy-tools/policy-command.ts";
import { wantsColour } from "./demo/log-lines.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

process.exitCode = runPolicyCommand(process.argv.slice(2), {
  env: process.env,
  // npm starts scripts in the root; INIT_CWD is the user's folder.
  readFile: (path) => {
    const here = resolve(process.env.INIT_CWD || root, path);
    return readFileSync(existsSync(here) ? here : resolve(root, path), "utf8");
  },
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  colour: wantsColour(process.stdout, process.env),
  defaultRequestsFile: join(root, "agentgateway/policy-requests.yaml"),
});

/**
 * `npm run test:agentgateway`: the gateway contract (the table of requests and their one right answer) against an Agentgateway binary,
 * and the configuration files against its JSON schema. What is not there is said and not run.
 *
 * AGENTGATEWAY_BIN     executable, or a name on the PATH; default agentgateway
 * AGENTGATEWAY_SCHEMA  the release's `schema/config.json`
 *
 * @module
 */

import { resolve } from "node:path";
import { findExecutable } from "./find-executable.ts";
import { endProgramsOnSignal, localProgram, runProgram } from "./run-program.ts";

const LIMIT_MS = 15 * 60_000;

endProgramsOnSignal();
const { env } = process;
const schema = env.AGENTGATEWAY_SCHEMA ? resolve(env.INIT_CWD || ".", env.AGENTGATEWAY_SCHEMA) : undefined;
const binaryName = env.AGENTGATEWAY_BIN || "agentgateway";
const binary = findExecutable(binaryName, env);

let status = 0;
if (binary === undefined) {
  console.log(
    `Nothing ran against Agentgateway: there is no executable ${binaryName}. Put agentgateway (v1.4.1) on the PATH or name it in AGENTGATEWAY_BIN.`,
  );
  // A binary that was named and is not there is a mistake; none at all is how most machines are.
  if (env.AGENTGATEWAY_BIN) status = 2;
} else {
  const version = await runProgram(binary, ["--version"], { output: "caught", limitMs: 10_000 });
  console.log(`Testing against ${binary}\n${version.output.trim()}`);
  await runTests(["tests/contract/gateway/gateway.test.ts"], { AGENTGATEWAY_BIN: binary });
}
if (schema === undefined) {
  console.log(
    "No file was compared with the upstream schema: AGENTGATEWAY_SCHEMA names none (schema/config.json of the release).",
  );
} else {
  await runTests(["services/gateway/test/configuration/upstream-schema.test.ts"], {
    AGENTGATEWAY_SCHEMA: schema,
  });
}
process.exitCode = status;

async function runTests(
  paths: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const result = await runProgram(localProgram("vitest"), ["run", ...paths], {
    output: "shown",
    env: variables,
    limitMs: LIMIT_MS,
  });
  if (result.status !== 0) status = result.status;
}

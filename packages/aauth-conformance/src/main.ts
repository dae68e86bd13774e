#!/usr/bin/env node
import { runCommand, UsageError } from "./command.ts";
import { SuiteError } from "./suite/run.ts";

try {
  process.exitCode = await runCommand(process.argv.slice(2), (line) => console.log(line));
} catch (error) {
  // A status other than that of a failed check: the run says nothing about the target.
  process.exitCode = 2;
  if (error instanceof UsageError) console.error(error.message);
  else if (error instanceof SuiteError) console.error(`The suite itself broke.\n${error.message}`);
  else throw error;
}

/**
 * `npm run test:mutants`: takes a tenth of the checks out of a copy of the code, one at a time, and
 * lists those that no test of their package or service notices. `npm run test:long` runs it, too.
 *
 * @module
 */

import { runMutants, sampleOfChecks } from "./holes/run-mutants.ts";
import { endProgramsOnSignal } from "./run-program.ts";
import { summaryText } from "./test-report.ts";

const args = process.argv.slice(2);
const isSeeded = args[0] === "--seed";
const seed = isSeeded ? args[1] : undefined;
const paths = isSeeded ? args.slice(2) : args;
const mutations = sampleOfChecks(seed, paths);
if (mutations.length === 0) {
  console.error(`There is no check in a file that begins with ${paths.join(" or ")}`);
  process.exitCode = 2;
} else {
  endProgramsOnSignal();
  const result = await runMutants(mutations);
  process.stdout.write(summaryText([result]));
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}

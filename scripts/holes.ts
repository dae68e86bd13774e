/**
 * `npm run test:holes`: takes each check against a known hole out of a copy of the code, and
 * demands that the tests meant for it fail. It is what shows that every row of
 * docs/reference/known-holes.md is refused by its check, and not by accident. About 40 minutes;
 * `npm run test:holes -- P1 J` runs the rows whose id is P1, or begins with J. `npm run test:long`
 * runs all.
 *
 * @module
 */

import { holesNamed, runHoles } from "./holes/run-holes.ts";
import { endProgramsOnSignal } from "./run-program.ts";
import { summaryText } from "./test-report.ts";

const mutations = holesNamed(process.argv.slice(2));
if (typeof mutations === "string") {
  console.error(mutations);
  process.exitCode = 2;
} else {
  endProgramsOnSignal();
  const result = await runHoles(mutations);
  process.stdout.write(summaryText([result]));
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}

/**
 * `npm run check`: the static checks alone, in well under a minute.
 *
 * @module
 */

import { endProgramsOnSignal } from "./run-program.ts";
import { runStaticChecks } from "./static-checks.ts";
import { summaryText } from "./test-report.ts";

endProgramsOnSignal();
const result = await runStaticChecks();
process.stdout.write(summaryText([result]));
process.exitCode = result.failures.length === 0 ? 0 : 1;

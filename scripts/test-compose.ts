/**
 * `npm run test:compose`: brings the stack up with Docker as a user would, tries it and takes it down again. Says which of its parts were
 * real. Ends like `npm test`.
 *
 * @module
 */

import { endProgramsOnSignal } from "./run-program.ts";
import { runForeignPart } from "./run-vitest.ts";
import { summaryText } from "./test-report.ts";

endProgramsOnSignal();
const result = await runForeignPart("compose");
process.stdout.write(summaryText([result]));
process.exitCode = result.failures.length > 0 ? 1 : 0;

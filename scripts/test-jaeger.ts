/**
 * `npm run test:jaeger`: the flows over a real Jaeger, and the contract of the query API. `JAEGER_BIN` or `jaeger` on the PATH; with
 * neither, one is built through the Go toolchain and kept. Ends like `npm test`.
 *
 * @module
 */

import { endProgramsOnSignal } from "./run-program.ts";
import { runForeignPart } from "./run-vitest.ts";
import { summaryText } from "./test-report.ts";

endProgramsOnSignal();
const result = await runForeignPart("jaeger");
process.stdout.write(summaryText([result]));
process.exitCode = result.failures.length > 0 ? 1 : 0;

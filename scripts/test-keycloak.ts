/**
 * `npm run test:keycloak`: the provider's own tests, the contract of the auth server, the journeys in a browser and `npm run consent`,
 * all against a real Keycloak that this fetches, builds and starts. Needs a JDK and Maven. Ends like `npm test`.
 *
 * @module
 */

import { endProgramsOnSignal } from "./run-program.ts";
import { runForeignPart } from "./run-vitest.ts";
import { summaryText } from "./test-report.ts";

endProgramsOnSignal();
const result = await runForeignPart("keycloak");
process.stdout.write(summaryText([result]));
process.exitCode = result.failures.length > 0 ? 1 : 0;

/**
 * `npm test`: what a developer runs on each change. Names of parts run these alone. Ends with the
 * line `N passed, N failed[, N skipped]` and a failing exit status when anything failed.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { QUICK_PARTS } from "./test-parts.ts";

await runParts("npm test", QUICK_PARTS);

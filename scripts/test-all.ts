/**
 * `npm run test:all`: `npm test` and all that takes longer or needs a foreign program. It is what
 * `.ci/run` runs.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { QUICK_PARTS, SLOW_PARTS } from "./test-parts.ts";

await runParts("npm run test:all", { ...QUICK_PARTS, ...SLOW_PARTS });

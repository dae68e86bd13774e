/**
 * `npm run test:interop`: our services beside independent peers.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { SLOW_PARTS } from "./test-parts.ts";

await runParts("npm run test:interop", { interop: SLOW_PARTS.interop });

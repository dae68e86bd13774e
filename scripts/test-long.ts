/**
 * `npm run test:long`: full products, load, a cluster, checks by mutation, containers. Hours; names
 * of parts run these alone.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { LONG_PARTS } from "./test-parts.ts";

await runParts("npm run test:long", LONG_PARTS);

/**
 * `npm run check`: the static checks alone, in well under a minute.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { runStaticChecks } from "./static-checks.ts";

await runParts("npm run check", { static: async () => [await runStaticChecks()] });

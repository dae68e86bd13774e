/**
 * `npm run test:interop`: our services beside independent peers.
 *
 * @module
 */

import { runParts } from "./run-parts.ts";
import { SLOW_PARTS } from "./test-parts.ts";

const { interop, "interop-draft-11": draft11, "interop-draft-11-rust": rust } = SLOW_PARTS;
await runParts("npm run test:interop", {
  interop,
  "interop-draft-11": draft11,
  "interop-draft-11-rust": rust,
});

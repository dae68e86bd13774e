/**
 * Preloaded (`--import`) into a service that is started by hand (`dev`): the `.env` of the
 * repository's root, as in `npm run demo`; the shell's own variables take precedence. Node's
 * `--env-file-if-exists` does the same, but complains of a file that need not be there.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../../.env", import.meta.url));
if (existsSync(file)) process.loadEnvFile(file);

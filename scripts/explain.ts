/**
 * `npm run explain -- FILE|-`: the command of `aauth-explain`, from its sources.
 *
 * @module
 */

import "../packages/aauth-explain/src/command/main.ts";

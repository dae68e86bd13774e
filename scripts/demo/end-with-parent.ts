/**
 * Preloaded (`--import`) into a program that is not built on service-kit, so that it ends with the process that started it.
 *
 * @module
 */

import { watchParent } from "service-kit/watch-parent";

watchParent(() => process.kill(process.pid, "SIGTERM"));

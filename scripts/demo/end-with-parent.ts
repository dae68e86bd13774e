/**
 * Preloaded (`--import`) into a program that is not built on agent-kit, so that it ends with the process that started it.
 *
 * @module
 */

import { watchParent } from "agent-kit/watch-parent";

watchParent(() => process.kill(process.pid, "SIGTERM"));

/**
 * The trace store of the demo as a process of its own.
 *
 * @module
 */

import { runService } from "agent-kit/service";
import { start } from "./trace-store-service.ts";

await runService({ name: "trace-store", start });

/**
 * The web page of the demo as a process of its own.
 *
 * @module
 */

import { runService } from "agent-kit/service";
import { start } from "./page-service.ts";

await runService({ name: "ui", start });

import { runService } from "agent-kit/service";
import { start } from "./service.ts";

await runService({ name: "trace-store", start });

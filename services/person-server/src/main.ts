import { runService } from "agent-kit/service";
import { start } from "./service.ts";

await runService({ name: "person-server", start });

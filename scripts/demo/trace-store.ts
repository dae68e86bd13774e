import { runService, type StartService } from "agent-kit/service";
import { start as startTraceStore } from "../../services/trace-store/src/service.ts";
import { builtPage } from "./built-page.ts";

/**
 * The trace store as a service of the demo. Its page is part of the web page's build, which runs if
 * its sources have changed.
 */
export const start: StartService = async (context) =>
  startTraceStore({
    ...context,
    env: { ...context.env, TRACE_STORE_PAGE_FOLDER: await builtPage() },
  });

if (import.meta.main) await runService({ name: "trace-store", start });

import { runService, type StartService } from "agent-kit/service";
import { servePage } from "../../ui/server/serve-page.ts";
import { builtPage } from "./built-page.ts";

/**
 * The web page as a service of the demo: built if its sources have changed, then served as in the
 * container image.
 */
export const start: StartService = async ({ env }) => {
  try {
    return await servePage(await builtPage(), env);
  } catch (error) {
    // The message names the faulty setting or source. The stack trace adds nothing.
    if (error instanceof Error) error.stack = error.message;
    throw error;
  }
};

if (import.meta.main) await runService({ name: "ui", start });

import type { StartService } from "agent-kit/service";
import { servePage } from "../../ui/server/serve-page.ts";
import { builtPage } from "./built-page.ts";

/** The web page as a service of the demo: built when its sources have changed, then served as the container image serves it. */
export const start: StartService = async ({ env }) => {
  try {
    return await servePage(await builtPage(), env);
  } catch (error) {
    // What is wrong with a setting or a source is in the message; where it was found helps nobody.
    if (error instanceof Error) error.stack = error.message;
    throw error;
  }
};

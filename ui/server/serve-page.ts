import { readSettings } from "../vite/read-settings.ts";
import { createPageServer } from "./page-server.ts";

/**
 * Serves the built page until SIGINT or SIGTERM. Settings come from the environment: those of `vite/read-settings.ts`, and UI_HOST, the
 * address to listen on. A malformed setting, a folder without a page or a taken port ends the process with 2.
 *
 * @param folder what `vite build` made
 */
export function servePage(folder: string): void {
  const { UI_HOST: host = "127.0.0.1", ...rest } = process.env;
  const { port, browser } = orFail(() => readSettings(rest));
  const server = orFail(() => createPageServer(folder, browser));
  server.on("error", (error) => fail(`ui cannot start: ${error.message}`));
  server.listen(port, host, () => console.log(`ui ready on http://localhost:${port}`));

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      server.close(() => process.exit(0));
      // Browsers keep their connections open for longer than a stop may take.
      server.closeAllConnections();
    });
  }
}

/** Ends the process: the page cannot be served, for this reason. */
export function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function orFail<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    return fail((error as Error).message);
  }
}

import { readSettings } from "../vite/read-settings.ts";
import { createPageServer } from "./page-server.ts";

/** A page that is served. */
export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the built page.
 *
 * @param folder what `vite build` made
 * @param env the settings of `vite/read-settings.ts`, and UI_HOST, the address to listen on
 * @throws Error for a malformed setting, a folder without a page or a taken port
 */
export async function servePage(folder: string, env: NodeJS.ProcessEnv): Promise<ServedPage> {
  const { UI_HOST: host = "127.0.0.1", ...rest } = env;
  const { port, browser } = readSettings(rest);
  const server = createPageServer(folder, browser);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Browsers keep their connections open for longer than a stop may take.
        server.closeAllConnections();
      }),
  };
}

/**
 * Serves the built page where there is no Vite: in the container image. Settings as in `vite/read-settings.ts`, and UI_HOST.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readSettings } from "../vite/read-settings.ts";
import { createPageServer } from "./page-server.ts";

const folder = fileURLToPath(new URL("../dist/", import.meta.url));
if (!existsSync(folder)) fail("There is no built page: run `pnpm --filter ui build` first.");

const { UI_HOST: host = "127.0.0.1", ...rest } = process.env;
const { port, browser } = settingsFrom(rest);
const server = createPageServer(folder, browser);
server.on("error", (error) => fail(`ui cannot start: ${error.message}`));
server.listen(port, host, () => console.log(`ui ready on http://localhost:${port}`));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    // Browsers keep their connections open for longer than anybody wants to wait.
    server.closeAllConnections();
  });
}

function settingsFrom(env: NodeJS.ProcessEnv) {
  try {
    return readSettings(env);
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

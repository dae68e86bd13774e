/**
 * `pnpm --filter ui serve`, and the container image: serves the page that `pnpm --filter ui build`
 * made until SIGINT or SIGTERM. A malformed setting, a folder without a page or a taken port ends
 * the process with 2.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ServedPage, servePage } from "./serve-page.ts";

const folder = fileURLToPath(new URL("../dist/", import.meta.url));
if (!existsSync(folder)) fail("There is no built page: run `pnpm --filter ui build` first.");
let page: ServedPage;
try {
  page = await servePage(folder, process.env);
} catch (error) {
  fail(`ui cannot start: ${(error as Error).message}`);
}
console.log(`ui ready on ${page.url}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void page.close().then(() => process.exit(0)));
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/**
 * `pnpm --filter ui serve`, and the container image: serves the page that `pnpm --filter ui build` made.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fail, servePage } from "./serve-page.ts";

const folder = fileURLToPath(new URL("../dist/", import.meta.url));
if (!existsSync(folder)) fail("There is no built page: run `pnpm --filter ui build` first.");
servePage(folder);

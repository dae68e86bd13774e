/**
 * The web page as a service of the demo: built when its sources have changed, then served as the container image serves it.
 *
 * @module
 */

import "./end-with-parent.ts";
import { fail, servePage } from "../../ui/server/serve-page.ts";
import { builtPage } from "./built-page.ts";

try {
  servePage(await builtPage());
} catch (error) {
  fail(`ui cannot start: ${(error as Error).message}`);
}

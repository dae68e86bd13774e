/**
 * Builds the page if its sources have changed. The bootstrap runs it after an install, so that the
 * first demo starts as fast as later ones.
 *
 * @module
 */

import { builtPage } from "./built-page.ts";

await builtPage();

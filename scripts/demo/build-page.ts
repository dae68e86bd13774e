/**
 * Builds the page where its sources have changed. The bootstrap runs it after an install, so that
 * the first demo starts as fast as the others.
 *
 * @module
 */

import { builtPage } from "./built-page.ts";

await builtPage();

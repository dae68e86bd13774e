/**
 * The trace store as a service of the demo: its page is the second entry of the web page's build, which is made first where it is missing.
 *
 * @module
 */

import { builtPage } from "./built-page.ts";

process.env.TRACE_STORE_PAGE_FOLDER = await builtPage();
await import("../../services/trace-store/src/main.ts");

/**
 * `npm run docs`: writes the reference pages that are made from the code. A test compares them (tests/docs/reference.test.ts).
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { REFERENCE_PAGES } from "./docs/reference-pages.ts";

for (const [path, page] of Object.entries(REFERENCE_PAGES)) {
  writeFileSync(`${REPOSITORY_ROOT}${path}`, await page());
  console.log(`written: ${path}`);
}

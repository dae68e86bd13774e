/**
 * Writes the reference pages that are made from the code, for `npm run check -- --write`;
 * tests/docs/reference.test.ts compares them.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { REFERENCE_PAGES } from "./docs/reference-pages.ts";

for (const [path, page] of Object.entries(REFERENCE_PAGES)) {
  const file = `${REPOSITORY_ROOT}${path}`;
  const before = readFileSync(file, "utf8");
  const content = await page(before);
  if (content !== before) writeFileSync(file, content);
  console.log(`${content === before ? "unchanged" : "written"}: ${path}`);
}

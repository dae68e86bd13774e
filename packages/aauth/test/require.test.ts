import { createRequire } from "node:module";
import { expect, test } from "vitest";
import manifest from "../src/package.json" with { type: "json" };

const require = createRequire(import.meta.url);

// Node cannot `require` a module that waits at its top level.
test.each(Object.values(manifest.exports))("CommonJS can require %s", (entry) => {
  expect(Object.keys(require(`../src/${entry}`)).length).toBeGreaterThan(0);
});

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { REFERENCE_PAGES } from "../../scripts/docs/reference-pages.ts";

test.each(Object.entries(REFERENCE_PAGES))(
  "%s equals the output of npm run check -- --write",
  async (path, make) => {
    const content = await readFile(`${REPOSITORY_ROOT}${path}`, "utf8");
    expect(content).toBe(await make(content));
  },
);

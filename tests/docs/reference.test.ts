import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { documentedServices } from "../../scripts/docs/endpoints-page.ts";
import { REFERENCE_PAGES } from "../../scripts/docs/reference-pages.ts";

test.each(Object.entries(REFERENCE_PAGES))(
  "%s says what the code says (else: npm run docs)",
  async (path, page) => {
    expect(await readFile(`${REPOSITORY_ROOT}${path}`, "utf8")).toBe(await page());
  },
);

test("no service is left out of the endpoints", async () => {
  // The gateway has no routes of its own.
  const services = (await readdir(`${REPOSITORY_ROOT}services`)).filter((name) => name !== "gateway");
  expect(services.sort()).toEqual([...documentedServices()].sort());
});

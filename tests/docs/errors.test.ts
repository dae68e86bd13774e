import { readFile } from "node:fs/promises";
import { ERROR_CODES } from "aauth";
import { expect, test } from "vitest";

const README = new URL("../../packages/aauth/README.md", import.meta.url);

test("the README's error table is the code's", async () => {
  const text = await readFile(README, "utf8");
  const table = /<!-- errors:begin[^>]*-->\n([\s\S]*?)<!-- errors:end -->/.exec(text)?.[1];
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, section, meaning }]) => `| \`${code}\` | ${status} | ${section} | ${meaning} |`,
  );
  expect(table).toBe(["| code | status | section | meaning |", "|---|---|---|---|", ...rows, ""].join("\n"));
});

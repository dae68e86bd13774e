import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROGRAM } from "../../src/app/build-yours.tsx";

test("the program to begin with is the README's", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${PROGRAM}\n\`\`\`\n`);
});

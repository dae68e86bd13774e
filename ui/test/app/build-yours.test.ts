import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { INSTALL, PROGRAM } from "../../src/app/build-yours.tsx";

test("the program to begin with is the README's", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${PROGRAM}\n\`\`\`\n`);
});

test("the commands to install are the package's own", () => {
  const readme = readFileSync(new URL("../../../packages/aauth/README.md", import.meta.url), "utf8");
  for (const command of INSTALL.split("\n").filter((line) => !line.startsWith("#")))
    expect(readme).toContain(command);
});

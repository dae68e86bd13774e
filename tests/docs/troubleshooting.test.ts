/** docs/troubleshooting.md advises variables that exist and names error codes with their status. */
import { readFileSync } from "node:fs";
import { ERROR_CODES } from "aauth";
import { KNOWN_NAMES } from "agent-kit/settings";
import { expect, test } from "vitest";
import { PORT_VARIABLES, REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

const read = (file: string) => readFileSync(REPOSITORY_ROOT + file, "utf8");
const page = read("docs/troubleshooting.md");

test("variables that are advised exist", () => {
  const documented = read("docs/reference/configuration.md").matchAll(/^\| `([A-Z_0-9]+)`/gm);
  const known = new Set([
    ...KNOWN_NAMES,
    ...Object.values(PORT_VARIABLES),
    ...[...documented].map(([, name]) => name),
  ]);
  const named = [...page.matchAll(/`([A-Z]+_[A-Z_0-9]+)`/g)].map(([, name]) => name!);
  expect(named.filter((name) => !known.has(name) && name !== "AAUTH_")).toEqual([]);
});

test("errors have the status that is named with them", () => {
  const named = [...page.matchAll(/`(\w+)` \((\d{3})\)/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, code, status] of named)
    expect(ERROR_CODES[code as keyof typeof ERROR_CODES]).toMatchObject({ status: Number(status) });
});

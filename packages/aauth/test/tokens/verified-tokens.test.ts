import { expect, it } from "vitest";
import { createVerifiedTokens } from "../../src/tokens/verified-tokens.ts";

const LIFETIME = { exp: 1_300 };

it("keeps a thousand ordinary tokens, and few of those that are as long as they may be", () => {
  const counts = [500, 16_000].map((characters) => {
    const tokens = createVerifiedTokens<typeof LIFETIME>({ now: () => 1_000 });
    const names = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(characters, "t"));
    for (const name of names) tokens.add(name, { ...LIFETIME });
    return names.filter((name) => tokens.get(name) !== undefined).length;
  });
  expect(counts[0]).toBeGreaterThanOrEqual(500);
  expect(counts[1]).toBeLessThanOrEqual(1_048_576 / 16_000);
  expect(counts[1]).toBeGreaterThan(16);
});

import { expect, it } from "vitest";
import { createVerifiedTokens } from "../../src/tokens/verified-tokens.ts";

const EXP = 1_300;

it("keeps a thousand ordinary tokens, and few of those that are as long as they may be", () => {
  const counts = [500, 16_000].map((characters) => {
    const tokens = createVerifiedTokens<object>({ now: () => 1_000 });
    const names = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(characters, "t"));
    for (const name of names) tokens.add(name, {}, EXP);
    return names.filter((name) => tokens.get(name) !== undefined).length;
  });
  expect(counts[0]).toBeGreaterThanOrEqual(500);
  expect(counts[1]).toBeLessThanOrEqual(1_048_576 / 16_000);
  expect(counts[1]).toBeGreaterThan(16);
});

it.each([
  ["its exp", 100, 100],
  ["300 s, when keys are fetched again", 3_600, 300],
])("keeps an entry until %s", (_what, lifetime, kept) => {
  const clock = { seconds: 1_000 };
  const tokens = createVerifiedTokens<object>({ now: () => clock.seconds });
  const entry = {};
  tokens.add("a.b.c", entry, clock.seconds + lifetime);
  clock.seconds += kept - 1;
  expect(tokens.get("a.b.c")).toBe(entry);
  clock.seconds += 1;
  expect(tokens.get("a.b.c")).toBeUndefined();
  expect(tokens.get("a.b.d")).toBeUndefined();
});

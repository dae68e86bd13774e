import { expect, it } from "vitest";
import { sharedColorScheme } from "../../src/components/color-scheme.ts";

it.each([
  ["color-scheme=dark", "dark"],
  ["a=1; color-scheme=light; b=2", "light"],
  ["", undefined],
  ["color-scheme=darker", undefined],
  ["my-color-scheme=dark", undefined],
])("reads %j as %j", (cookies, scheme) => {
  expect(sharedColorScheme(cookies)).toBe(scheme);
});

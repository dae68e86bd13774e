import { expect, it } from "vitest";
import { isSignedOutOfAll, noteSignIn, noteSignOutOfAll } from "../../src/auth/signed-out.ts";
import { memoryStore } from "../memory-store.ts";

it("a sign-out ends each earlier sign-in, and no later one", () => {
  const [tab, browser] = [memoryStore(), memoryStore()];
  expect(isSignedOutOfAll(tab, browser)).toBe(false);
  noteSignIn(tab, 1000);
  expect(isSignedOutOfAll(tab, browser)).toBe(false);
  noteSignOutOfAll(browser, 2000);
  expect(isSignedOutOfAll(tab, browser)).toBe(true);
  expect(isSignedOutOfAll(memoryStore(), browser)).toBe(true);
  noteSignIn(tab, 3000);
  expect(isSignedOutOfAll(tab, browser)).toBe(false);
});

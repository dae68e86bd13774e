import { expect, it } from "vitest";
import { isAnotherUser } from "../../src/auth/user-name.ts";

it.each([
  [{ former: "second" }, true],
  [{ former: "first" }, false],
  [{ hash: "" }, false],
  [undefined, false],
])("a sign-in with the state %j reports whether the user is another one: %j", (state, isAnother) => {
  const user = { profile: { sub: "first" }, state } as Parameters<typeof isAnotherUser>[0];
  expect(isAnotherUser(user)).toBe(isAnother);
});

import { expect, test } from "vitest";
import { startInjected } from "../support/auth-server.ts";

// In a file of its own: only the first servers of a process load the library.
test("two servers that start at once leave the console as it was", async () => {
  const { warn } = console;
  await Promise.all([startInjected(), startInjected()]);
  expect(console.warn).toBe(warn);
});

import { expect, it } from "vitest";
import { retryAfterOf } from "../../src/discovery/fresh-seconds.ts";

/** Sun, 06 Nov 1994 08:49:30 GMT. */
const NOW = 784_111_770;

it.each([
  ["7", "7"],
  ["Sun, 06 Nov 1994 08:49:37 GMT", "7"],
  ["Sunday, 06-Nov-94 08:49:37 GMT", "7"],
  ["Sun Nov  6 08:49:37 1994", "7"],
  ["Sun, 06 Nov 1994 08:49:23 GMT", "0"],
  ["Sun, 99 Nov 1994 08:49:37 GMT", "NaN"],
  // A lenient parser finds a date in it.
  ["in 7", "in 7"],
])("Retry-After: %s is %s seconds", (value, seconds) => {
  expect(retryAfterOf(new Headers({ "retry-after": value }), NOW)).toBe(seconds);
});

it("a date in Retry-After is relative to the response's own date", () => {
  const headers = { date: "Sun, 06 Nov 1994 09:49:30 GMT", "retry-after": "Sun, 06 Nov 1994 09:49:37 GMT" };
  expect(retryAfterOf(new Headers(headers), NOW)).toBe("7");
});

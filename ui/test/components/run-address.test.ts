import { expect, test } from "vitest";
import { formatRunAddress, parseRunAddress } from "../../src/components/run-address.ts";

const requestId = "8c1ad0fe-0000-4000-8000-000000000000";

test("an address is read as it was written", () => {
  for (const address of [{ requestId }, { requestId, messageId: "0123456789abcdef" }]) {
    expect(parseRunAddress(formatRunAddress(address))).toEqual(address);
  }
});

test.each([
  "",
  "#",
  "#/",
  "#/runs/",
  "#/runs/a/b",
  "#/runs/<x>",
  "#/runs/a/messages/xyz",
  "#/runs/a/messages/",
])("%s is none", (hash) => {
  expect(parseRunAddress(hash)).toBeUndefined();
});

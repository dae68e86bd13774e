import { expect, test } from "vitest";
import {
  formatRunAddress,
  lostKind,
  parseRunAddress,
  type RunAddress,
} from "../../src/components/run-address.ts";

const requestId = "8c1ad0fe-0000-4000-8000-000000000000";

test("an address is read as it was written", () => {
  const messageId = "0123456789abcdef";
  const attemptId = messageId.repeat(2);
  const addresses: RunAddress[] = [
    { kind: "run", requestId },
    { kind: "run", requestId, messageId },
    { kind: "run", requestId, attemptId },
    { kind: "run", requestId, attemptId, messageId },
    { kind: "order", requestId },
    { kind: "order", requestId, messageId: `${messageId}ff` },
  ];
  for (const address of addresses) {
    expect(parseRunAddress(formatRunAddress(address))).toEqual(address);
  }
  expect(new Set(addresses.map(formatRunAddress)).size).toBe(addresses.length);
  expect(addresses.map(formatRunAddress).map(lostKind)).toEqual(addresses.map(() => undefined));
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
  "#/runs/a/attempts/xyz",
  `#/orders/a/attempts/${"0".repeat(32)}`,
  "#/orders/",
  "#/others/a",
])("%s is not a run's address", (hash) => {
  expect(parseRunAddress(hash)).toBeUndefined();
});

test.each([
  ["#/runs/<x>", "run"],
  ["#/runs/", "run"],
  ["#/runs", "run"],
  ["#/runs/a/messages/xyz", "run"],
  ["#/orders/%20", "order"],
  ["#/others/a", "page"],
  ["", undefined],
  ["#", undefined],
  ["#/", undefined],
  ["#main", undefined],
])("%s leads nowhere and seems to be meant for: %s", (hash, expected) => {
  expect(lostKind(hash)).toBe(expected);
});

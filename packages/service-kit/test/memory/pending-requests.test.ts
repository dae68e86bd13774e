import { expect, test } from "vitest";
import { createPendingRequests } from "../../src/memory/pending-requests.ts";

let now = 1_000;

test("counts for each user alone, until a request is used up or its time is over", () => {
  const requests = createPendingRequests(() => now);
  requests.note("anna", "1", 600);
  requests.note("anna", "2", 30);
  requests.note("anna", "3", Number.POSITIVE_INFINITY);
  requests.note("bert", "1", 600);
  expect([requests.count("anna"), requests.count("bert"), requests.count("carl")]).toEqual([3, 1, 0]);
  requests.free("carl", "1");
  requests.free("bert", "2");
  requests.free("anna", "3");
  expect([requests.count("anna"), requests.count("bert")]).toEqual([2, 1]);
  now += 29;
  expect(requests.count("anna")).toBe(2);
  now += 1;
  expect(requests.count("anna")).toBe(1);
  now += 570;
  expect([requests.count("anna"), requests.count("bert")]).toEqual([0, 0]);
});

test("counts one that is noted again once, for its new time", () => {
  const requests = createPendingRequests(() => now);
  requests.note("anna", "1", Number.POSITIVE_INFINITY);
  requests.note("anna", "1", 10);
  expect(requests.count("anna")).toBe(1);
  now += 10;
  expect(requests.count("anna")).toBe(0);
});

import { describe, expect, test } from "vitest";
import { Cancellation } from "../../src/proxy/cancellation.ts";

describe("Cancellation", () => {
  test("calls each listener once with the first reason", () => {
    const cancellation = new Cancellation();
    const seen: unknown[] = [];
    cancellation.onRequest((reason) => seen.push(["one", reason]));
    cancellation.onRequest((reason) => seen.push(["two", reason]));
    expect(cancellation.isRequested).toBe(false);
    cancellation.request("first");
    cancellation.request("second");
    expect(seen).toEqual([
      ["one", "first"],
      ["two", "first"],
    ]);
    expect([cancellation.isRequested, cancellation.reason]).toEqual([true, "first"]);
  });

  test("a listener that was taken away is not called, and another is", () => {
    const cancellation = new Cancellation();
    const seen: string[] = [];
    const forget = cancellation.onRequest(() => seen.push("one"));
    cancellation.onRequest(() => seen.push("two"));
    forget();
    forget();
    cancellation.request("reason");
    expect(seen).toEqual(["two"]);
  });

  test("listeners may take themselves away while they are called", () => {
    const cancellation = new Cancellation();
    const seen: string[] = [];
    const forget = cancellation.onRequest(() => {
      forget();
      seen.push("one");
    });
    cancellation.onRequest(() => seen.push("two"));
    cancellation.request("reason");
    expect(seen).toEqual(["one", "two"]);
  });
});

import { describe, expect, test } from "vitest";
import { Cancellation, untilCancelled } from "../../src/proxy/cancellation.ts";

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

describe("untilCancelled", () => {
  const never = new Promise<never>(() => {});

  test("is what the work comes to", async () => {
    const cancellation = new Cancellation();
    expect(await untilCancelled(Promise.resolve(1), cancellation, 1000)).toBe(1);
    await expect(untilCancelled(Promise.reject("no"), cancellation)).rejects.toBe("no");
  });

  test("ends with the reason when it is cancelled, before or meanwhile", async () => {
    const cancellation = new Cancellation();
    const waiting = untilCancelled(never, cancellation, 10_000);
    cancellation.request("gone");
    await expect(waiting).rejects.toBe("gone");
    await expect(untilCancelled(never, cancellation)).rejects.toBe("gone");
  });

  test("without a time the work has all it takes", async () => {
    const slow = new Promise((resolve) => setTimeout(resolve, 30, "done"));
    expect(await untilCancelled(slow, new Cancellation())).toBe("done");
  });

  test("ends with its own reason when the time is over", async () => {
    const waiting = untilCancelled(never, new Cancellation(), 5, () => "too long");
    await expect(waiting).rejects.toBe("too long");
  });
});

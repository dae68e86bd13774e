import type { Agent, FetchContext } from "aauth/agent";
import { expect, onTestFinished, test, vi } from "vitest";
import { draft11Orders } from "../../src/orders/order-wires.ts";

test("an order that its user decides in the last second of ten minutes is still listened to", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let context: FetchContext = {};
  const { begin } = draft11Orders({
    agentOf: () =>
      ({
        fetchFor(given: FetchContext) {
          context = given;
          return fetch;
        },
      }) as unknown as Agent,
    ...{ provider: "https://backend.localhost", browserUrl: (url) => url, returnUrl: (state) => state },
  });
  const { end } = begin({
    ...{ userId: "anna", state: "s", timeoutSeconds: 60, keyThumbprint: undefined },
    order: { order_id: "o", model: "m", quantity: 1, status: "placing" },
    ...{ observer: () => {}, onPage: async () => {} },
  });
  onTestFinished(end);
  const page = "https://sca.localhost/orders/interaction";
  context.observer?.({
    ...{ type: "interaction_required", party: "https://sca.localhost", url: page, page, code: "c" },
    isRelayed: false,
  });
  // The next look at the answer, and the way there and back.
  vi.advanceTimersByTime(602_000);
  expect(context.signal?.aborted).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(context.signal?.aborted).toBe(true);
});

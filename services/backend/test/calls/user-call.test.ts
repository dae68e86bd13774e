import type { Agent, FetchContext } from "aauth/agent";
import { expect, onTestFinished, test, vi } from "vitest";
import { beginCall } from "../../src/calls/user-call.ts";

test("accepts a person's decision in the last second of ten minutes", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let context: FetchContext = {};
  const agentOf = () =>
    ({
      fetchFor(given: FetchContext) {
        context = given;
        return fetch;
      },
    }) as unknown as Agent;
  const { end } = beginCall(
    { agentOf, browserUrl: (page) => page },
    {
      id: "o",
      userId: "anna",
      state: "s",
      justification: "j",
      clarification: "c",
      timeoutSeconds: 60,
      personSeconds: 660,
      observer: () => {},
      onPage: async () => {},
    },
  );
  onTestFinished(end);
  const page = "https://sca.localhost/orders/interaction";
  context.observer?.({
    type: "interaction_required",
    party: "https://sca.localhost",
    url: page,
    page,
    code: "c",
    isRelayed: false,
  });
  // The next poll, with its round trip.
  vi.advanceTimersByTime(602_000);
  expect(context.signal?.aborted).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect(context.signal?.aborted).toBe(true);
});

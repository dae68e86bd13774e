import type { Message } from "aauth-explain/run";
import { expect, test } from "vitest";
import { readingTime } from "../../../src/features/protocol/use-replay.ts";

test("a replay shows a message for the reading time of its sentence, and at most 7 s", () => {
  const back = { interaction: { page: "consent", leg: "back" }, outcome: "accepted" } as Message;
  // "You come back, and the run continues."
  expect(readingTime(back)).toBe(1500 + 55 * 37);
  const agents = { from: "supply-chain-agent", to: "market-analysis-agent", signer: {}, response: {} };
  // "Supply-chain agent asks for a token for its own call, on behalf of its caller. …"
  const waiting = { ...agents, requestType: "exchange", outcome: "waiting" } as Message;
  expect(readingTime(waiting)).toBe(7000);
});

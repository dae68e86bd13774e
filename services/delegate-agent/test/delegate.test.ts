import type { Agent } from "aauth/agent";
import { expect, test } from "vitest";
import { endlessBody } from "../../../packages/service-kit/test/support/endless-body.ts";
import { createDelegate } from "../src/delegate.ts";

/** A delegate whose calls are answered by hand. */
function delegateAnswered(answer: () => Response) {
  return createDelegate({
    agent: { fetchFor: () => async () => answer() } as unknown as Agent,
    supplyChainAgentUrl: "http://supply-chain-agent.localhost:3000",
    prompt: "x",
    timeoutSeconds: 5,
    observer: () => {},
  });
}

test("an answer beyond 1 MiB is not read, and the run says so", async () => {
  const { body, read } = endlessBody();
  const { status, failure } = await delegateAnswered(() => new Response(body)).run();
  expect([status, failure]).toEqual([
    "failed",
    { code: "answer_too_large", message: "the answer is larger than 1048576 bytes" },
  ]);
  expect(read.bytes).toBeLessThan(2_000_000);
});

test("a refusal is not read either", async () => {
  const { body, read } = endlessBody();
  const { failure } = await delegateAnswered(() => new Response(body, { status: 403 })).run();
  expect([failure?.code, read.isCancelled]).toEqual(["http_403", true]);
});

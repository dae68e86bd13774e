import { AAuthAgentError, type ProvenCaller, TokenRequestError, type WaitingCall } from "aauth";
import type { Agent, FetchContext } from "aauth/agent";
import type { CallInteraction } from "agent-kit";
import { describe, expect, test, vi } from "vitest";
import { createAskMarketAnalysis } from "../../src/clients/ask-market-analysis.ts";
import { silentLogger } from "../silent-logger.ts";

const proven = {
  profile: "february-2026",
  key: { kty: "OKP", crv: "Ed25519", x: "x" },
  thumbprint: "t",
} as const;
const identified: ProvenCaller = {
  ...proven,
  level: "identified",
  scheme: "jwks",
  agent: "http://a.localhost",
};
const authorized: ProvenCaller = {
  ...proven,
  level: "authorized",
  scheme: "jwt",
  agent: "http://a.localhost",
  grant: { scopes: ["supply-chain:optimize"], claims: {}, token: "token-of-the-caller" },
};

const ANSWER = {
  jsonrpc: "2.0",
  result: { kind: "message", messageId: "m", role: "agent", parts: [{ kind: "text", text: "the market" }] },
};

function asking(onBehalfOfCaller: boolean, failure?: Error) {
  const resume = vi.fn<Agent["resume"]>();
  const fetchFor = vi.fn((_context?: FetchContext): typeof fetch => async (_input, init) => {
    if (failure) throw failure;
    return Response.json({ ...ANSWER, id: JSON.parse(String(init?.body)).id });
  });
  return {
    fetchFor,
    resume,
    askMarketAnalysis: createAskMarketAnalysis({
      url: "http://market.localhost",
      agent: { fetchFor, resume },
      timeoutMs: 5000,
      onBehalfOfCaller,
      log: silentLogger,
    }),
  };
}

test("user-delegated hands the caller's token on", async () => {
  const { fetchFor, askMarketAnalysis } = asking(true);
  expect(await askMarketAnalysis("x", { caller: authorized })).toEqual({
    status: "answered",
    text: "the market",
  });
  expect(fetchFor.mock.calls[0]?.[0]).toMatchObject({
    upstreamToken: "token-of-the-caller",
    signal: expect.any(AbortSignal),
  });
});

test.each([identified, undefined])("user-delegated without a token does not call", async (caller) => {
  const { fetchFor, askMarketAnalysis } = asking(true);
  expect(await askMarketAnalysis("x", { caller })).toMatchObject({
    status: "failed",
    failure: { reason: "token exchange not possible", code: "upstream_token_required" },
  });
  expect(fetchFor).not.toHaveBeenCalled();
});

test("a failure is an answer, not a rejection", async () => {
  const { askMarketAnalysis } = asking(false, new Error("anything"));
  expect(await askMarketAnalysis("x", { caller: undefined })).toMatchObject({
    status: "failed",
    failure: { reason: "request failed" },
  });
});

describe("a question that waited", () => {
  const person = (isTakenOver: boolean): CallInteraction => ({
    waiting: { location: "http://person-server.localhost/pending/1" } as WaitingCall,
    isTakenOver,
    control: { signal: undefined, onInteraction: vi.fn(), onWaiting: vi.fn() },
    isInterrupted: () => false,
  });
  const gone = new AAuthAgentError("token_request_failed", "there is no such pending request any more");
  const asker = { caller: authorized, upstreamToken: "upstream" };

  test("that a person has to decide on is resumed by the next process", async () => {
    const { fetchFor, resume, askMarketAnalysis } = asking(true);
    resume.mockImplementation(async () => Response.json({ ...ANSWER, id: 1 }));
    const answer = await askMarketAnalysis("x", { ...asker, person: person(true) });
    expect(answer).toMatchObject({ status: "answered" });
    expect(fetchFor).not.toHaveBeenCalled();
  });

  test.each([
    [true, "answered", 1],
    [false, "failed", 0],
  ])("whose answer is lost is sent again where it was resumed: %s", async (isTakenOver, status, calls) => {
    const { fetchFor, resume, askMarketAnalysis } = asking(true);
    resume.mockRejectedValue(gone);
    const answer = await askMarketAnalysis("x", { ...asker, person: person(isTakenOver) });
    expect(answer.status).toBe(status);
    expect(fetchFor).toHaveBeenCalledTimes(calls);
  });

  test("that the person has declined is not asked again", async () => {
    const { fetchFor, resume, askMarketAnalysis } = asking(true);
    resume.mockRejectedValue(new TokenRequestError("denied", "the person declined", 403));
    const answer = await askMarketAnalysis("x", { ...asker, person: person(true) });
    expect(answer.status).toBe("failed");
    expect(fetchFor).not.toHaveBeenCalled();
  });

  test("rejects where the attempt is interrupted", async () => {
    const { resume, askMarketAnalysis } = asking(true);
    resume.mockRejectedValue(new Error("the call waits"));
    const interrupted = { ...person(false), isInterrupted: () => true };
    await expect(askMarketAnalysis("x", { ...asker, person: interrupted })).rejects.toThrow("waits");
  });
});

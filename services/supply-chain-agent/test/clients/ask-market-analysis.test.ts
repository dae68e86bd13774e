import type { ProvenCaller } from "aauth";
import type { FetchContext } from "aauth/agent";
import { expect, test, vi } from "vitest";
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
  const fetchFor = vi.fn((_context?: FetchContext): typeof fetch => async (_input, init) => {
    if (failure) throw failure;
    return Response.json({ ...ANSWER, id: JSON.parse(String(init?.body)).id });
  });
  return {
    fetchFor,
    askMarketAnalysis: createAskMarketAnalysis({
      url: "http://market.localhost",
      agent: { fetchFor },
      timeoutMs: 5000,
      onBehalfOfCaller,
      sectionOf: ({ section }) => section,
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

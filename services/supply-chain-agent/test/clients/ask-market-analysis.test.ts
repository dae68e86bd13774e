import type { ProvenCaller } from "aauth";
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

function asking(onBehalfOfCaller: boolean, ask = vi.fn(async () => ({ text: "the market" }))) {
  return {
    ask,
    askMarketAnalysis: createAskMarketAnalysis({ client: { ask }, onBehalfOfCaller, log: silentLogger }),
  };
}

test("user-delegated hands the caller's token on", async () => {
  const { ask, askMarketAnalysis } = asking(true);
  expect(await askMarketAnalysis("x", authorized)).toEqual({ status: "answered", text: "the market" });
  expect(ask).toHaveBeenCalledWith("x", "token-of-the-caller");
});

test.each([identified, undefined])("user-delegated without a token does not call", async (caller) => {
  const { ask, askMarketAnalysis } = asking(true);
  expect(await askMarketAnalysis("x", caller)).toMatchObject({
    status: "failed",
    failure: { reason: "token exchange not possible", code: "upstream_token_required" },
  });
  expect(ask).not.toHaveBeenCalled();
});

test("on its own authority the caller's token stays here", async () => {
  const { ask, askMarketAnalysis } = asking(false);
  await askMarketAnalysis("x", authorized);
  expect(ask.mock.calls).toEqual([["x", undefined]]);
});

test("a failure is an answer, not a rejection", async () => {
  const { askMarketAnalysis } = asking(
    false,
    vi.fn(() => Promise.reject(new Error("anything"))),
  );
  expect(await askMarketAnalysis("x", undefined)).toMatchObject({
    status: "failed",
    failure: { reason: "request failed" },
  });
});

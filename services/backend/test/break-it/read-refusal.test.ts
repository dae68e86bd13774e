import { expect, test } from "vitest";
import { readRefusal } from "../../src/break-it/read-refusal.ts";

test("the gateway says its code and a sentence", () => {
  const body = "AAuth failure: AAuth verification failed: nonce_replayed: the nonce has been used before";
  expect(readRefusal(body, "supply-chain-agent")).toEqual({
    refusedBy: "gateway",
    code: "nonce_replayed",
    check: "replay",
    section: "profile 2.7",
    meaning: expect.any(String),
    reason: "the nonce has been used before",
  });
});

test("an agent says its code", () => {
  expect(readRefusal("Valid AAuth signature required: digest_mismatch", "supply-chain-agent")).toMatchObject({
    refusedBy: "supply-chain-agent",
    code: "digest_mismatch",
    check: "content-digest",
  });
});

test("the auth server says an OAuth error", () => {
  const body = JSON.stringify({ error: "invalid_grant", error_description: "Invalid\nresource_token" });
  expect(readRefusal(body, "auth-server")).toMatchObject({
    refusedBy: "auth-server",
    code: "invalid_grant",
    check: "resource token",
    reason: "Invalid resource_token",
  });
});

test.each(["", "<html>", '{"error":5}', "x".repeat(100_000), "AAuth failure: something else"])(
  "anything else names no code",
  (body) => {
    expect(readRefusal(body, "supply-chain-agent").code).toBeUndefined();
  },
);

test("the gateway's policy is not taken for a check of the agent behind it", () => {
  expect(readRefusal("authorization failed", "supply-chain-agent")).toEqual({
    refusedBy: "gateway",
    check: "policy",
    reason: "its own rules do not let this caller in: the supply-chain agent never saw the request",
  });
  expect(readRefusal("external authorization failed: timeout", "market-analysis-agent")).toEqual({
    refusedBy: "gateway",
    check: "policy",
    reason: "nobody there could check it: the market-analysis agent never saw the request",
  });
});

import { describe, expect, it } from "vitest";
import { guardUrl, isIdentifier } from "../../src/discovery/url-guard.ts";
import { expectRefusal } from "../refusal.ts";

describe("an identifier", () => {
  it.each([
    "https://agent.example",
    "https://agent.example/tenant/7",
    "http://supply-chain-agent.localhost:3000",
    `https://agent.example/${"x".repeat(1000)}`,
  ])("may be %s, and stays one", (value) => {
    expect([isIdentifier(value), isIdentifier(value)]).toEqual([true, true]);
  });

  it.each([
    "https://agent.example/",
    "https://Agent.example",
    "https://agent.example:443",
    "https://user@agent.example",
    "https://agent.example?x",
    "https://agent.example#x",
    "https://agent.example/a/../b",
    "ftp://agent.example",
    "agent.example",
    `https://agent.example/${"x".repeat(2048)}`,
    "",
  ])("may not be %j, however often it comes", (value) => {
    expect([isIdentifier(value), isIdentifier(value)]).toEqual([false, false]);
  });
});

it.each(["agent.example", "", "ftp://agent.example/", "file:///etc/passwd", "data:,{}"])(
  "blocks %j, also in development",
  async (url) => {
    for (const development of [false, true])
      await expectRefusal("discovery_blocked", () => guardUrl(url, { development }));
  },
);

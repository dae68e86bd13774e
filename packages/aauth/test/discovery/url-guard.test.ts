import { describe, expect, it } from "vitest";
import { guardUrl, isIdentifier } from "../../src/discovery/url-guard.ts";

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

describe("an address that is not fetched", () => {
  it.each([
    ["agent.example", false, "not an absolute URL"],
    ["https://user@agent.example/", true, "a URL with credentials"],
    ["http://agent.example/", false, "http is only for development"],
    ["http://localhost/", false, "http is only for development"],
    ["http://agent.example/", true, "http is only for loopback and *.localhost"],
    ["ftp://agent.example/", true, "only https may be fetched"],
    ["https://localhost/", false, "a loopback, private or link-local address"],
    ["https://10.0.0.1/", true, "a loopback, private or link-local address"],
  ])("%s, development %s: %s", (value, development, reason) => {
    expect(() => guardUrl(value, { development })).toThrow(`address refused: ${reason}`);
  });
});

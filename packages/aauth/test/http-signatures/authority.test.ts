import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalAuthority, requestTarget } from "../../src/http-signatures/authority.ts";

describe("canonicalAuthority", () => {
  test.each([
    ["http://Supply-Chain-Agent.localhost:3000/", "supply-chain-agent.localhost:3000"],
    ["https://resource.example", "resource.example"],
    ["http://resource.example:80", "resource.example"],
    ["http://resource.example:443", "resource.example:443"],
    ["https://resource.example:80", "resource.example:80"],
    ["https://resource.example:/", "resource.example"],
    ["http://[::1]:8080/", "[::1]:8080"],
  ])("%s is %s", (url, authority) => {
    expect(canonicalAuthority(url)).toBe(authority);
  });

  test.each([
    "",
    "resource.example",
    "//resource.example",
    "ftp://resource.example",
    "https://",
    "https://user@resource.example",
    "https://resource.example:x",
    "https://resource.example:99999",
    "https://a\\b/",
    "https://[::1",
  ])("refuses %j", (url) => {
    expect(() => canonicalAuthority(url)).toThrow(TypeError);
  });

  test("agrees with the URL class wherever both have an answer", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        expect(canonicalAuthority(url)).toBe(new URL(url).host);
      }),
      // Building such URLs takes time.
      { numRuns: 30 },
    );
  });
});

describe("requestTarget", () => {
  test.each([
    ["http://a.example", "/"],
    ["http://a.example?x=1", "/?x=1"],
    ["http://a.example/?", "/?"],
    ["http://a.example/a%2Fb;c/../d?x=%20&y=?#z?", "/a%2Fb;c/../d?x=%20&y=?"],
    ["http://a.example#f?x", "/"],
  ])("%s is asked for as %s", (url, target) => {
    expect(requestTarget(url).target).toBe(target);
  });
});

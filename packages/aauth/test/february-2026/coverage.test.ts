import { describe, expect, test } from "vitest";
import { coverageWithoutBody, fullCoverage, publishedCoverage } from "../../src/february-2026/coverage.ts";
import { factsOf } from "../http-signatures/prove.ts";

const everything = factsOf({ target: "/?a=1", headers: { "content-length": "18", nonce: "x" } });
const nothing = factsOf({ target: "/" });
const minimum = ["@method", "@authority", "@path", "signature-key"];
const all = fullCoverage(everything);

describe("fullCoverage", () => {
  test("lists only applicable components, in the order of the profile", () => {
    expect(fullCoverage(nothing)).toEqual(minimum);
    expect(all).toEqual([
      "@method",
      "@authority",
      "@path",
      "@query",
      "content-type",
      "content-digest",
      "nonce",
      "signature-key",
    ]);
  });

  test.each<[string, string, Record<string, string>, readonly string[]]>([
    ["nothing", "/", {}, []],
    ["a query", "/?a=1", {}, ["@query"]],
    ["a bare question mark", "/?", {}, ["@query"]],
    ["a length", "/", { "content-length": "18" }, ["content-type", "content-digest"]],
    ["a length of nothing", "/", { "content-length": "0" }, []],
    ["a length that is odd", "/", { "content-length": "0, 18" }, ["content-type", "content-digest"]],
    ["chunks", "/", { "transfer-encoding": "chunked" }, ["content-type", "content-digest"]],
    ["a nonce", "/", { nonce: "x" }, ["nonce"]],
    ["an empty nonce", "/", { nonce: "" }, ["nonce"]],
    ["inherited names", "/", Object.create({ nonce: "x", "content-length": "1" }), []],
  ])("sees %s", (_, target, headers, more) => {
    expect([...fullCoverage(factsOf({ target, headers }))].sort()).toEqual([...minimum, ...more].sort());
  });
});

describe("coverageWithoutBody", () => {
  test("omits only the two components of a body", () => {
    const without = all.filter((name) => name !== "content-type" && name !== "content-digest");
    expect(coverageWithoutBody(everything)).toEqual(without);
    expect(coverageWithoutBody(nothing)).toEqual(minimum);
  });
});

describe("publishedCoverage", () => {
  test.each([
    ["/", minimum],
    ["/?", minimum],
    ["/?a=1", ["@method", "@authority", "@path", "@query", "signature-key"]],
  ])("covers of %s neither body nor nonce", (target, expected) => {
    const headers = { "content-length": "18", nonce: "x" };
    expect(publishedCoverage(factsOf({ target, headers }))).toEqual(expected);
  });
});

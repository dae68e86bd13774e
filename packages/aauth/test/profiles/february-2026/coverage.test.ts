import { describe, expect, test } from "vitest";
import {
  coverageFacts,
  coveredComponents,
  requireCoverage,
} from "../../../src/profiles/february-2026/coverage.ts";
import { expectRefusal } from "../../refusal.ts";

const everything = { hasQuery: true, hasBody: true, hasNonce: true };
const all = coveredComponents(everything);

describe("coveredComponents", () => {
  test("lists only what applies, in the order of the profile", () => {
    expect(coveredComponents({ hasQuery: false, hasBody: false, hasNonce: false })).toEqual([
      "@method",
      "@authority",
      "@path",
      "signature-key",
    ]); // prettier-ignore
    expect(all).toEqual([
      "@method",
      "@authority",
      "@path",
      "@query",
      "content-type",
      "content-digest",
      "nonce",
      "signature-key",
    ]); // prettier-ignore
  });
});

describe("requireCoverage", () => {
  test("takes any order and more than it asks for", () => {
    requireCoverage([...all, "date"].reverse(), everything);
  });

  test.each(all.map((name) => [name]))("refuses a signature that leaves out %s", async (missing) => {
    const components = all.filter((name) => name !== missing);
    await expectRefusal("insufficient_coverage", () => requireCoverage(components, everything));
  });

  test("bodyCoverage optional relaxes the two body components and nothing else", async () => {
    const relaxed = { bodyCoverage: "optional" } as const;
    const without = (...names: string[]) => all.filter((name) => !names.includes(name));
    requireCoverage(without("content-type", "content-digest"), everything, relaxed);
    await expectRefusal("insufficient_coverage", () =>
      requireCoverage(without("@query"), everything, relaxed),
    );
    await expectRefusal("insufficient_coverage", () =>
      requireCoverage(without("nonce"), everything, relaxed),
    );
  });
});

describe("coverageFacts", () => {
  test.each([
    ["nothing", "/", {}, {}],
    ["a query", "/?a=1", {}, { hasQuery: true }],
    ["a bare question mark", "/?", {}, { hasQuery: true }],
    ["a length", "/", { "content-length": "18" }, { hasBody: true }],
    ["a length of nothing", "/", { "content-length": "0" }, {}],
    ["a length that is odd", "/", { "content-length": "0, 18" }, { hasBody: true }],
    ["chunks", "/", { "transfer-encoding": "chunked" }, { hasBody: true }],
    ["a nonce", "/", { nonce: "x" }, { hasNonce: true }],
    ["an empty nonce", "/", { nonce: "" }, { hasNonce: true }],
    ["inherited names", "/", Object.create({ nonce: "x", "content-length": "1" }), {}],
  ])("sees %s", (_, target, headers, facts) => {
    expect(coverageFacts({ target, headers })).toEqual({
      hasQuery: false,
      hasBody: false,
      hasNonce: false,
      ...facts,
    });
  });
});

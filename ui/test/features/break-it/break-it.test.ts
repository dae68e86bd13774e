import { type BreakItResult, breakItVariantSchema, draft11BreakItVariantSchema } from "backend-api";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Lesson, Outcome } from "../../../src/features/break-it/outcome.tsx";
import { wordingOf } from "../../../src/features/break-it/variant-wording.ts";

const lesson = "Only the agent has the body.";
const shown = (result: Partial<BreakItResult>) => {
  const whole: BreakItResult = { variant: "changed-body", refused: true, status: 401, ...result };
  const parts = [
    createElement(Outcome, { key: "outcome", attempt: { result: whole }, refusal: "changed" }),
    createElement(Lesson, { key: "lesson", result: whole, lesson }),
  ];
  return renderToStaticMarkup(parts);
};

it("a check that refused teaches its lesson", () => {
  const html = shown({
    refused_by: "supply-chain-agent",
    check: "content-digest",
    code: "digest_mismatch",
  });
  expect(html).toContain(lesson);
});

it("the gateway's policy refuses whatever was tampered with: there is no lesson", () => {
  const html = shown({ status: 403, refused_by: "gateway", check: "policy", reason: "its own rules" });
  expect(html).toContain("Its own rules.");
  expect(html).not.toContain(lesson);
});

it("a refusal for another reason than the one that was tried teaches nothing", () => {
  const html = shown({ refused_by: "auth-server", code: "invalid_grant", as_meant: false });
  expect(html).not.toContain(lesson);
});

it("a request that is not refused is a hole, and teaches nothing", () => {
  const html = shown({ refused: false, status: 200 });
  expect(html).toContain('data-refused="false"');
  expect(html).toContain("Not refused: this is a hole.");
  expect(html).not.toContain(lesson);
});

it("a status below 400 is said to be no effect, and not a refusal", () => {
  const html = shown({ status: 202, refused_by: "person-server", as_meant: true });
  expect(html).toContain("Without effect at the person server");
  expect(html).not.toContain("Refused by");
  expect(html).toContain(lesson);
});

it("a section of draft -11 is named", () => {
  const section = "draft -11, section 13.2";
  expect(shown({ refused_by: "person-server", code: "not_found", section })).toContain("13.2");
});

it("every variant of each profile has its words", () => {
  for (const variant of breakItVariantSchema.options)
    expect(wordingOf(variant, undefined).title).toBeTruthy();
  const draft11 = draft11BreakItVariantSchema.options.map((variant) => wordingOf(variant, "draft-11"));
  const titles = draft11.map(({ title }) => title);
  expect(new Set(titles).size).toBe(draft11BreakItVariantSchema.options.length);
  // A run of draft -11 is not told of February's nonce, auth server, or keys without tokens.
  const words = JSON.stringify(draft11);
  expect(words).not.toMatch(/auth server|A nonce is/);
});

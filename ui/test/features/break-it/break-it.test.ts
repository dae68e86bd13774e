import { attacksWith, type BreakItResult } from "backend-api";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { attacksMade } from "../../../src/features/break-it/attacks-made.ts";
import { Lesson, Outcome } from "../../../src/features/break-it/outcome.tsx";
import { summaryOf } from "../../../src/features/break-it/summary.ts";
import { withEarlier } from "../../../src/features/break-it/use-attempts.ts";
import { wordingOf } from "../../../src/features/break-it/variant-wording.ts";

const lesson = "Only the agent has the body.";
const shown = (result: Partial<BreakItResult>) => {
  const whole: BreakItResult = { variant: "changed-body", outcome: "refused", status: 401, ...result };
  const wording = wordingOf(whole.variant, "draft-11");
  const parts = [
    createElement(Outcome, { key: "outcome", attempt: { result: whole }, wording }),
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
  expect(html).toContain("401: the body was changed");
  expect(html).toContain(lesson);
});

it("shows no lesson if the gateway's policy refuses every change", () => {
  const html = shown({ status: 403, refused_by: "gateway", check: "policy", reason: "its own rules" });
  expect(html).toContain("Its own rules.");
  expect(html).toContain("403: this caller is not admitted");
  expect(html).not.toContain(lesson);
});

it("shows no lesson for a refusal with another reason than the attempted one", () => {
  const html = shown({ refused_by: "auth-server", code: "invalid_grant", as_meant: false });
  expect(html).toContain("401: refused for another reason");
  expect(html).not.toContain(lesson);
});

it("shows a request that is not refused as a hole, without a lesson", () => {
  const html = shown({ outcome: "accepted", status: 200 });
  expect(html).toContain('data-refused="false"');
  expect(html).toContain("Not refused: this is a hole.");
  expect(html).not.toContain(lesson);
});

it("does not show an attack without effect as a refusal, and shows its evidence", () => {
  const without = { outcome: "without_effect", refused_by: "person-server", as_meant: true } as const;
  const guess = shown({ ...without, variant: "guessed-consent-code", status: 303, after_status: 202 });
  expect(guess).toContain("Without effect at the person server");
  expect(guess).toContain("the agent’s next poll was answered with status 202");
  expect(guess).not.toContain("Refused by");
  expect(guess).toContain(lesson);
  const revoked = shown({ ...without, variant: "revocation-by-another", status: 200, after_status: 200 });
  expect(revoked).toContain("it was used again afterwards and accepted with status 200");
});

it("an attack with an effect is a hole, whatever its own answer was", () => {
  const html = shown({ outcome: "accepted", status: 303, after_status: 403 });
  expect(html).toContain('data-refused="false"');
  expect(html).toContain("was answered with status 403");
});

it("the summary distinguishes attacks without effect from refused ones", () => {
  const attempts = Object.fromEntries(
    (["refused", "refused", "without_effect", "accepted"] as const).map((outcome, at) => {
      const variant = attacksWith("february")[at]!;
      return [variant, { result: { variant, outcome, status: 401 } }];
    }),
  );
  expect(summaryOf({ attempts, profile: undefined, busy: undefined, total: 9 })).toBe(
    "AAuth refused 2 of 4 attacks. 1 attack had no effect. 1 attack was accepted.",
  );
});

it("a section of draft -11 is named", () => {
  const section = "draft -11, section 13.2";
  expect(shown({ refused_by: "person-server", code: "not_found", section })).toContain("13.2");
});

it("every variant of each profile has its words", () => {
  for (const variant of attacksWith("february")) expect(wordingOf(variant, undefined).title).toBeTruthy();
  const draft11 = attacksWith("draft11").map((variant) => wordingOf(variant, "draft-11"));
  const titles = draft11.map(({ title }) => title);
  for (const { headline } of draft11) expect(headline).toBeTruthy();
  expect(new Set(titles).size).toBe(draft11.length);
  // A run of draft -11 does not mention February's nonce, auth server, or keys without tokens.
  const words = JSON.stringify(draft11);
  expect(words).not.toMatch(/auth server|A nonce is/);
});

it("an attack that could not be made has no verdict on AAuth, and keeps the earlier outcome", () => {
  const result: BreakItResult = { variant: "replay", outcome: "refused", status: 401, as_meant: true };
  const failure = { message: "No token is issued." };
  const attempt = withEarlier({ failure }, { result });
  const wording = wordingOf("replay", "draft-11");
  const html = renderToStaticMarkup(createElement(Outcome, { attempt, wording }));
  expect(html).toContain('<p class="outcome" data-tone="waiting">No token is issued.</p>');
  expect(html).toContain(`401: ${wording.headline}`);
  expect(withEarlier({ failure }, undefined)).toEqual({ failure });
  expect(withEarlier({ result }, attempt)).toEqual({ result });
});

it("attacks leave in the order of the page, whatever the order in which they were made", () => {
  const result = (variant: BreakItResult["variant"]) => ({
    result: { variant, outcome: "refused", status: 401 } as BreakItResult,
  });
  const made = attacksMade(
    {
      "changed-path": result("changed-path"),
      "changed-body": result("changed-body"),
      "stolen-token": result("stolen-token"),
      replay: { failure: { message: "no response" } },
    },
    "draft-11",
  );
  expect(made.map(({ result: { variant } }) => variant)).toEqual([
    "stolen-token",
    "changed-body",
    "changed-path",
  ]);
});

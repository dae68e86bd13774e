import type { BreakItResult } from "backend-api";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Outcome } from "../../../src/features/break-it/break-it.tsx";

const lesson = "Only the agent has the body.";
const shown = (result: Partial<BreakItResult>) => {
  const whole: BreakItResult = { variant: "changed-body", refused: true, status: 401, ...result };
  return renderToStaticMarkup(createElement(Outcome, { attempt: { result: whole }, lesson }));
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

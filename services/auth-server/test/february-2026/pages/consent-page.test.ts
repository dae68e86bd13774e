import { expect, test } from "vitest";
import { consentPage } from "../../../src/february-2026/pages/consent-page.ts";

const BACKEND = "http://backend.localhost:8000";

function page(description: object, rememberedSeconds = 1800): string {
  const { body } = consentPage({
    site: { name: "Realm", colours: ["#000", "#fff"], applications: [] },
    userName: "u",
    action: "/consent",
    consentCode: "c",
    formOrigins: [],
    rememberedSeconds,
    description: {
      agent: BACKEND,
      resource: "http://r.localhost",
      scopes: [],
      identityScopes: [],
      returnsTo: "backend.localhost:8000",
      ...description,
    },
  });
  return body.replace(/<style>[\s\S]*?<\/style>/, "");
}

test("the page names the request: to act for the user, or to know the user's identity", () => {
  const identityScopes = [{ name: "openid", description: "Know that it is you" }];
  expect(page({ agent: BACKEND, resource: BACKEND, identityScopes })).toContain("wants to know who you are");
  expect(page({ agent: BACKEND, resource: BACKEND })).toContain("wants to act for you");
  expect(page({ identityScopes })).toContain("wants to act for you");
});

test("omits absent parts of the request", () => {
  const bare = page({});
  for (const part of [
    "self-declared name",
    "<strong>",
    "through its delegate",
    "As described by <code>",
    "As described by this server",
    "undefined",
  ])
    expect(bare).not.toContain(part);
  const scopes = [{ name: "read" }];
  const whole = page({ agentName: "Me", agentDelegate: "worker", scopes, identityScopes: scopes });
  for (const part of [
    `<strong>“Me”</strong><small>self-declared name; its verified identifier:</small> <code>${BACKEND}</code>`,
    "<code>worker</code>",
    "As described by <code>",
    "As described by this server",
  ])
    expect(whole).toContain(part);
  expect(whole.match(/No description given<code>read<\/code>/g)).toHaveLength(2);
});

test("never overstates how long a consent is remembered, except for the last minute", () => {
  for (const [seconds, words] of [
    [1, "a minute"],
    [119, "a minute"],
    [120, "2 minutes"],
    [1799, "29 minutes"],
  ] as const)
    expect(page({}, seconds)).toContain(`you will not be asked again in this browser for ${words}, or`);
});

import type { AskedRequest } from "aauth/server";
import { expect, test } from "vitest";
import { grantedPage } from "../src/pages/granted-page.ts";
import { siteOf } from "../src/site.ts";
import { AGENT, BACKEND, MARKET_ANALYSIS, STRANGE, SUPPLY_CHAIN } from "./support/world.ts";

const REQUEST: AskedRequest = {
  kind: "auth-token",
  agent: { iss: BACKEND, sub: AGENT },
  resource: SUPPLY_CHAIN,
  scopes: [],
  consented: false,
  capabilities: [],
  fromResource: {},
  fromAgent: { answers: [] },
};

const entries = (...waiting: AskedRequest[]): number => {
  const { body } = grantedPage({
    site: siteOf("person-server", { applications: [] }),
    title: "t",
    nothing: "n",
    userName: "u",
    action: "/granted",
    requestPath: "/requests/",
    consentCode: "c",
    tokens: [],
    waitSeconds: 60,
    signOutPath: "/sign-out",
    waiting: waiting.map((request, index) => ({
      reference: `r${index}`,
      request,
      version: 0,
      expiresAt: 1000 + index,
      status: "pending" as const,
    })),
  });
  return body.match(/Decide on a request/g)?.length ?? 0;
};

test("equal requests are one entry of the list", () => {
  expect(entries(REQUEST, { ...REQUEST })).toBe(1);
});

test.each<Partial<AskedRequest>>([
  { accessServer: STRANGE },
  { upstream: MARKET_ANALYSIS },
  { calledBy: { agent: { iss: STRANGE, sub: AGENT }, type: "person-token", isNamed: false } },
  { page: { url: `${STRANGE}/page` } },
  { question: "When?" },
])("requests that differ in %j are two entries of the list", (difference) => {
  expect(entries(REQUEST, { ...REQUEST, ...difference })).toBe(2);
});

/**
 * Codes that other pages submit through a user's browser, and the list's state of an unconfirmed
 * revocation.
 */

import { issueAgentToken } from "aauth/server";
import { expect, test } from "vitest";
import { readForm } from "../../auth-server/test/support/browser.ts";
import { grantedPage, type HeldToken } from "../src/pages/granted-page.ts";
import { siteOf } from "../src/site.ts";
import {
  AGENT,
  BACKEND,
  browserOf,
  createWorld,
  openInteraction,
  PERSON_SERVER,
  SUPPLY_CHAIN,
  sendWith,
  shownAt,
} from "./support/world.ts";

test("S32e: codes that a page submits through the user's browser leave the user's own attempts", async () => {
  const world = await createWorld();
  const key = world.keys[BACKEND]!;
  const { token } = await issueAgentToken({
    key,
    issuer: BACKEND,
    agent: AGENT,
    personServer: PERSON_SERVER,
    confirmationKey: key.publicJwk,
  });
  const body = { resource: SUPPLY_CHAIN, capabilities: ["interaction"] };
  const pending = await sendWith(world, `${PERSON_SERVER}/aauth/person`, token, { method: "POST", body });
  const [, url = "", code = ""] =
    /url="([^"]+)"; ?code="([^"]+)"/.exec(pending.headers.get("aauth-requirement") ?? "") ?? [];
  const browser = await browserOf(world);
  for (let index = 10; index < 30; index++) {
    await browser.get(world.page(`/interaction?code=ABCD-EFGH-JK${index}`));
  }
  const shown = await openInteraction(world, browser, `${url}?code=${code}`);
  expect([shown.status, shown.text]).toEqual([429, expect.stringContaining(`value="${code}"`)]);
  const { action, fields } = readForm(shown.text);
  const opened = await browser.post(new URL(action, shown.url).href, { ...fields, code });
  expect(opened.status).toBe(303);
  const page = await shownAt(browser, new URL(opened.headers.get("location")!, shown.url).href);
  expect(page.text).toContain(AGENT);
  // The form is bound to the user, and valid once.
  expect((await browser.post(new URL(action, shown.url).href, { ...fields, code })).status).toBe(400);
});

test("S10c: a revocation that a resource has not confirmed is on the list", () => {
  const token: HeldToken = {
    type: "person-token",
    agent: { iss: BACKEND, sub: AGENT },
    resource: SUPPLY_CHAIN,
    scopes: [],
    exp: 1_795_808_780,
    isRevoked: true,
    unconfirmed: [{ recipient: SUPPLY_CHAIN, error: "revocation_unavailable" }],
  };
  const { body } = grantedPage({
    site: siteOf("person-server", { applications: ["http://localhost:3050"] }),
    title: "T",
    nothing: "Nothing is granted.",
    userName: "u",
    action: "/a",
    requestPath: "/r/",
    consentCode: "c",
    tokens: [token],
    waiting: [],
    waitSeconds: 600,
    signOutPath: "/o",
  });
  expect(body).toContain("Revoked, but not confirmed");
  expect(body).toContain(SUPPLY_CHAIN);
  expect(body).toContain("Nothing is granted.");
  expect(body).toContain('<time datetime="2026-11-27T19:46:20.000Z">2026-11-27 19:46 UTC</time>');
  expect(body).toContain('<a href="http://localhost:3050">Go to localhost:3050</a>');
});

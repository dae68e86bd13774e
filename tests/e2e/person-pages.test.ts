/**
 * The person server's pages of draft -11 in a browser: sign-in, code, decision, question, list,
 * revocation.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ACCESS_SERVER,
  AGENT,
  BACKEND,
  CALLBACK,
  MARKET_ANALYSIS,
  STRANGE,
  SUPPLY_CHAIN,
} from "../../services/person-server/test/support/world.ts";
import { expectAccessible } from "../support/accessibility.ts";
import { startBrowser } from "../support/browser.ts";
import { screenshot } from "../support/screenshot.ts";
import { DEMO_USER } from "../support/sign-in.ts";
import { createSignInWorld } from "../support/sign-in-world.ts";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  page = await (await browser.newContext({ locale: "en-US", timezoneId: "Asia/Kathmandu" })).newPage();
});
afterAll(() => browser?.close());

const heading = (name: string | RegExp) => page.getByRole("heading", { name, level: 1 }).waitFor();
const press = (name: string) => page.getByRole("button", { name }).first().click();

test("a person signs in, allows an agent, asks it something, sees its grants, and revokes them", async () => {
  const world = await createSignInWorld({ chains: true, accessServer: ACCESS_SERVER });
  await page.goto(`${world.url}/interaction`);
  await page.getByLabel("User name or e-mail").fill(DEMO_USER.username);
  await page.getByLabel("Password").fill(DEMO_USER.password);
  await press("Sign in");
  await heading("Enter the code");
  await expectAccessible(page, "person-code");
  await page.getByLabel("Code").fill("AAAA-BBBB-CCCC");
  await press("Continue");
  await page.getByRole("alert").getByText("This code is invalid").waitFor();

  const person = async (address: string, before: Promise<void> | undefined) => {
    await before;
    const isFirst = before === undefined;
    await page.goto(world.map.browserUrl(address));
    await heading(isFirst ? /^Let .* act for you at / : /^Let .* do this for you at /);
    if (!isFirst) {
      await page.getByLabel("Your question").fill("Which months do you mean?");
      await press("Ask");
      await page.getByText("From March to April.").waitFor();
    }
    await expectAccessible(page, isFirst ? "person-first-request" : "person-request");
    await screenshot(page, isFirst ? "person-first-request" : "person-request");
    await press("Allow");
    // The page's policy (form-action) lets the browser go there, and nowhere else.
    await page.waitForURL(world.map.browserUrl(CALLBACK));
  };
  const decided: Promise<void>[] = [];
  const agent = world.agent();
  const served = await agent.fetchFor({
    justification: "I plan your laptops for the next quarter.\nFor this I need your supply chain.",
    loginHint: "mcp@user.com",
    returnUrl: CALLBACK,
    onInteraction: ({ page: address }) => void decided.push(person(address, decided.at(-1))),
    onClarification: async () => ({ action: "respond", response: "From March to April." }),
  })(`${SUPPLY_CHAIN}/data`);
  await Promise.all(decided);
  expect([served.status, decided.length]).toEqual([200, 2]);

  await expect(agent.fetchFor({ waiting: "throw" })(`${STRANGE}/data`)).rejects.toThrow();
  await page.goto(world.page("/granted"));
  // A script shows them in the browser's own time zone.
  expect(await page.locator("time").first().textContent()).toMatch(/^\d\d:\d\d\s[AP]M GMT\+5:45$/);
  await expectAccessible(page, "person-granted");
  await screenshot(page, "person-granted");
  await press("Revoke");
  await page.getByRole("status").getByText("can no longer act for you").waitFor();
  await page.getByRole("link", { name: "Decide on a request" }).click();
  await press("Deny");
  await heading("Request denied");
  await expectAccessible(page, "person-denied");
});

test("the page of a resource that learned only the person's identity names its caller, and shows the logo", async () => {
  const fresh = await (await browser.newContext()).newPage();
  await fresh.setContent('<body style="background: conic-gradient(#d33, #fb0, #2a5, #25c, #d33)">');
  const logo = await fresh.screenshot({ clip: { x: 0, y: 0, width: 64, height: 64 } });
  const world = await createSignInWorld({ logo, logoUri: `${BACKEND}/logo.png` });
  await fresh.goto(world.page("/granted"));
  await fresh.getByLabel("User name or e-mail").fill(DEMO_USER.username);
  await fresh.getByLabel("Password").fill(DEMO_USER.password);
  await fresh.getByRole("button", { name: "Sign in" }).click();
  await fresh.getByRole("heading", { name: "What you have granted" }).waitFor();

  const shown: string[] = [];
  const decided: Promise<void>[] = [];
  const decide = async (address: string) => {
    await fresh.goto(world.map.browserUrl(address));
    await fresh.getByRole("button", { name: "Allow" }).waitFor();
    const name = shown.length === 0 ? "person-provider" : "person-introduced";
    shown.push((await fresh.locator("details dl").textContent())!);
    await expectAccessible(fresh, name);
    await screenshot(fresh, name);
    await fresh.getByRole("button", { name: "Allow" }).click();
    await fresh.getByRole("heading", { name: "Request allowed" }).waitFor();
  };
  const context = {
    onInteraction: ({ page: address }: { page: string }) => void decided.push(decide(address)),
  };
  await world.agent().fetchFor(context)(`${SUPPLY_CHAIN}/caller`);
  const intermediary = world.agent("aauth:Service@supply-chain-agent.localhost", {
    key: world.keys[SUPPLY_CHAIN]!,
  });
  const { token: upstreamToken } = world.callers[0]!;
  const served = await intermediary.fetchFor({ ...context, upstreamToken })(`${MARKET_ANALYSIS}/data`);
  await Promise.all(decided);
  expect(served.status).toBe(200);
  expect(shown[0]).toContain("“A provider”");
  expect(shown[1]).toContain(AGENT);
});

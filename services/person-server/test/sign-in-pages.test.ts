/** Persons who sign in at a page of a resource's own. */
import * as client from "openid-client";
import { expect, test } from "vitest";
import { signIn } from "../../auth-server/test/support/sign-in.ts";
import { MCP_USER, SECOND_USER } from "./support/test-sign-in.ts";
import {
  browserOf,
  createWorld,
  MARKET_ANALYSIS,
  pressing,
  SUPPLY_CHAIN,
  type World,
} from "./support/world.ts";

const PAGE = "/orders/interaction/callback";

async function begin(world: World, resource: string, redirectUri: string) {
  const config = await client.discovery(new URL(world.url), resource, undefined, client.None(), {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    ...{ redirect_uri: redirectUri, scope: "openid profile email", state: "s" },
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  return { config, url: url.href, checks: { pkceCodeVerifier, expectedState: "s", idTokenExpected: true } };
}

test("T45: a resource's page gets its person by the name that stands in tokens for the resource", async () => {
  const world = await createWorld({ level: "person-token" });
  const browser = await browserOf(world);
  const { context } = pressing(world, browser);
  const { person } = (await (await world.agent().fetchFor(context)(`${SUPPLY_CHAIN}/data`)).json()) as {
    person: { sub: string };
  };
  const { config, url, checks } = await begin(world, SUPPLY_CHAIN, world.map.browserUrl(SUPPLY_CHAIN + PAGE));
  const { url: returned } = await browser.follow(url, await browser.get(url));
  const tokens = await client.authorizationCodeGrant(config, new URL(returned), checks);
  expect(tokens.claims()).toMatchObject({ sub: person.sub, name: MCP_USER.username });
});

test("T48: a resource's page gets the person who is signed in now, not the one before", async () => {
  const world = await createWorld({ level: "person-token" });
  const browser = await browserOf(world);
  const subject = async () => {
    const { config, url, checks } = await begin(
      world,
      SUPPLY_CHAIN,
      world.map.browserUrl(SUPPLY_CHAIN + PAGE),
    );
    const { url: returned } = await browser.follow(url, await browser.get(url));
    return (await client.authorizationCodeGrant(config, new URL(returned), checks)).claims()?.sub;
  };
  const first = await subject();
  expect(await subject()).toBe(first);
  await browser.post(`${world.url}/sign-in/sign-out`, {});
  await signIn(browser, world.page("/granted"), SECOND_USER);
  expect(await subject()).not.toBe(first);
});

test.each([
  ["a resource that is not named", MARKET_ANALYSIS, MARKET_ANALYSIS + PAGE],
  ["another address of one that is", SUPPLY_CHAIN, `${SUPPLY_CHAIN}/elsewhere`],
  ["another resource's address", SUPPLY_CHAIN, MARKET_ANALYSIS + PAGE],
])("%s signs no person in", async (_, resource, page) => {
  const world = await createWorld({ level: "person-token" });
  const browser = await browserOf(world);
  const { url } = await begin(world, resource, world.map.browserUrl(page));
  const answer = await browser.get(url);
  expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
});

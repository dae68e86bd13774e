/** Persons who sign in at a resource's own page. */
import * as client from "openid-client";
import { expect, test } from "vitest";
import { signIn } from "../../auth-server/test/support/sign-in.ts";
import { startListening } from "./support/person-server.ts";
import { createTestSignIn, MCP_USER, SECOND_USER, SIGNED_IN_SECONDS } from "./support/test-sign-in.ts";
import {
  browserOf,
  createWorld,
  MARKET_ANALYSIS,
  pressing,
  SUPPLY_CHAIN,
  type World,
} from "./support/world.ts";

const PAGE = "/orders/interaction/callback";

async function begin(world: World, resource: string, redirectUri: string, more = {}) {
  const config = await client.discovery(new URL(world.url), resource, undefined, client.None(), {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid profile email",
    state: "s",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
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

test("T48: a resource's page gets the person who is signed in now, not an earlier one", async () => {
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
  [{ max_age: "90" }, undefined],
  [{ max_age: "30" }, "login_required"],
  [{ prompt: "login" }, "login_required"],
])(
  "U15: a resource that requires %j of a person who signed in a minute ago gets %j",
  async (demand, error) => {
    const world = await createWorld({ level: "person-token" });
    const browser = await browserOf(world);
    const page = world.map.browserUrl(SUPPLY_CHAIN + PAGE);
    const { config, url, checks } = await begin(world, SUPPLY_CHAIN, page, demand);
    const { url: returned } = await browser.follow(url, await browser.get(url));
    expect(new URL(returned).searchParams.get("error") ?? undefined).toBe(error);
    if (error !== undefined) return;
    const tokens = await client.authorizationCodeGrant(config, new URL(returned), { ...checks, maxAge: 90 });
    const { iat = 0, auth_time: signedInAt = 0 } = tokens.claims() ?? {};
    expect(Math.abs(iat - Number(signedInAt) - SIGNED_IN_SECONDS)).toBeLessThan(10);
  },
);

test("a sign-in that expires while the person signs in ends in a page", async () => {
  let clock = Math.floor(Date.now() / 1000);
  const signIn: typeof createTestSignIn = async (app, options) => {
    const inner = await createTestSignIn(app, options);
    return {
      ...inner,
      require(request, reply, returnTo) {
        if (returnTo.startsWith("/openid/")) clock += 1_800;
        return inner.require(request, reply, returnTo);
      },
    };
  };
  const world = await createWorld({
    level: "person-token",
    startServer: (env) => startListening({ env, signIn, now: () => clock }),
  });
  const browser = await browserOf(world);
  const { url } = await begin(world, SUPPLY_CHAIN, world.map.browserUrl(SUPPLY_CHAIN + PAGE));
  const { response } = await browser.follow(url, await browser.get(url));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("This sign-in has expired");
});

test("the page of another sign-in than the browser's own has expired", async () => {
  const world = await createWorld({ level: "person-token" });
  const browser = await browserOf(world);
  const { url } = await begin(world, SUPPLY_CHAIN, world.map.browserUrl(SUPPLY_CHAIN + PAGE));
  const page = new URL((await browser.get(url)).headers.get("location")!, url).href;
  // The test's browser also sends the cookie of `page` to addresses with that prefix.
  const other = await browser.get(`${page}-other`);
  expect([other.status, other.headers.get("refresh")]).toEqual([400, null]);
  expect(await other.text()).toContain("This sign-in has expired");
  expect((await browser.get(page)).headers.get("refresh")).toContain("url=");
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

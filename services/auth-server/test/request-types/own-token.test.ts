/** The agent is the resource itself: `scope` instead of a resource token (SPEC 3.5, 9.3). */
import { decodeToken, type SigningKey } from "aauth";
import { describe, expect, test } from "vitest";
import { AUTH_URL, browserFor, decide } from "../support/consent.ts";
import {
  BACKEND,
  CALLBACK,
  createParties,
  expectRefusal,
  type Parties,
  type Reply,
  SUPPLY_CHAIN,
  setAttributes,
} from "../support/parties.ts";
import { signIn } from "../support/sign-in.ts";

const WISH = { request_type: "auth", scope: "openid profile email", redirect_uri: CALLBACK, state: "s-1" };
const SCOPE_IDS = ["openid", "profile", "email"];

/** The refusal of a party that is not on the realm's list. */
const expectNotTold = (reply: Reply) =>
  expectRefusal(reply, 403, "access_denied", "Agent is not allowed to ask who its users are");

/** The user signs in and agrees: the code that the agent gets, and the page that was shown. */
async function identityCode(parties: Parties, wish: Record<string, string>) {
  const asked = await parties.request(wish);
  expect(Object.keys(asked.body)).toEqual(["expires_in", "request_token", "token_type"]);
  const query = new URLSearchParams({ request_token: String(asked.body.request_token) });
  const browser = browserFor(parties);
  const page = await (await signIn(browser, `${AUTH_URL}?${query}`)).response.text();
  const answer = await decide(browser, page, "accept");
  const back = new URL(answer.headers.get("location") as string);
  expect([back.origin + back.pathname, back.searchParams.get("state")]).toEqual([CALLBACK, "s-1"]);
  return { page, code: back.searchParams.get("code") as string };
}

/** What the agent gets for the code. @param wish a text is scopes of its own */
async function identityOf(parties: Parties, wish: string | Record<string, string>) {
  const form = typeof wish === "string" ? { ...WISH, scope: wish } : wish;
  const { page, code } = await identityCode(parties, form);
  const granted = await parties.request({ request_type: "code", code, redirect_uri: CALLBACK });
  return { page, granted: granted.body, claims: decodeToken(String(granted.body.auth_token)).claims };
}

describe("a resource token of another party that asks for the user's identity", () => {
  const OTHER_PATH = `${BACKEND}/other`;
  const list = (...listed: string[]) => ({ "aauth.self.agents": JSON.stringify(listed) });

  /** The agent's request with a resource token of its other name, or of another party. */
  async function wishAt(parties: Parties, resource: string, scope = "openid profile email") {
    const key = (parties.keys[resource] ?? parties.keys[BACKEND]) as SigningKey;
    const resource_token = await parties.resourceToken({ key, resource, scope });
    return { request_type: "auth", resource_token, redirect_uri: CALLBACK, state: "s-1" };
  }

  async function partiesWithTwoNames(attributes: Record<string, string>) {
    return createParties({
      attributes,
      documents: {
        [`${OTHER_PATH}/.well-known/aauth-resource`]: {
          resource: OTHER_PATH,
          jwks_uri: `${BACKEND}/jwks.json`,
        },
      },
    });
  }

  test.each(SCOPE_IDS)("%s is not for an agent by its second name", async (scope) => {
    const parties = await partiesWithTwoNames(list(`${OTHER_PATH}/`, `${BACKEND}/`, SUPPLY_CHAIN));
    expectNotTold(await parties.request(await wishAt(parties, OTHER_PATH, `data.read ${scope}`)));
    // Nor where nothing needs consent: there it would be granted at once.
    await setAttributes(parties.server, {
      "aauth.consent.required.scopes": "[]",
      "aauth.consent.required.scope.prefixes": "[]",
    });
    expectNotTold(await parties.request(await wishAt(parties, OTHER_PATH, `data.read ${scope}`)));
  });
});

describe("taken off the list", () => {
  test.each([
    ["an agent of itself", WISH, BACKEND],
    ["an agent of a resource", undefined, SUPPLY_CHAIN],
  ])("%s: the code is not redeemed, and nothing is refreshed", async (_, ownWish, listed) => {
    const listedOnly = { "aauth.self.agents": JSON.stringify([listed]) };
    const parties = await createParties({ attributes: listedOnly });
    const wish = async () =>
      ownWish ?? {
        ...WISH,
        scope: "",
        resource_token: await parties.resourceToken({ scope: "openid email" }),
      };
    const { granted } = await identityOf(parties, await wish());
    const { code } = await identityCode(parties, await wish());

    await setAttributes(parties.server, { "aauth.self.agents": "[]" });
    const redeem = { request_type: "code", code, redirect_uri: CALLBACK };
    const refresh = { request_type: "refresh", refresh_token: String(granted.refresh_token) };
    expectNotTold(await parties.request(redeem));
    expectNotTold(await parties.request(refresh));

    // The code is used up by any attempt; a refresh token is the agent's until it expires.
    await setAttributes(parties.server, listedOnly);
    expectRefusal(await parties.request(redeem), 400, "invalid_grant", "Invalid or expired");
    expect((await parties.request(refresh)).status).toBe(200);
  });
});

describe("closed by default", () => {
  test.each(SCOPE_IDS)("%s is not for agents that are not on the list", async (scope) => {
    const { request } = await createParties();
    expectRefusal(await request({ ...WISH, scope }), 403, "access_denied", "Agent is not allowed to ask who");
  });

  test("nor by a resource token that the agent issues to itself", async () => {
    const { request, resourceToken } = await createParties({ attributes: { "aauth.self.agents": "[]" } });
    const resource_token = await resourceToken({
      resource: SUPPLY_CHAIN,
      agent: SUPPLY_CHAIN,
      scope: "openid profile email",
    });
    const form = { request_type: "auth", resource_token, redirect_uri: `${SUPPLY_CHAIN}/cb` };
    const reply = await request(form, { agent: SUPPLY_CHAIN });
    expectRefusal(reply, 403, "access_denied", "Agent is not allowed to ask who");
  });
});

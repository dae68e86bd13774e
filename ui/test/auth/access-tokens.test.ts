import { ErrorResponse, type User } from "oidc-client-ts";
import { describe, expect, it } from "vitest";
import { createAccessTokens } from "../../src/auth/access-tokens.ts";

const user = (change: Partial<User>) =>
  ({ access_token: "a1", refresh_token: "r1", expired: false, ...change }) as User;

function setUp(stored: User | null, renew: () => Promise<User | null>) {
  let renewals = 0;
  const tokens = createAccessTokens({
    getUser: async () => stored,
    signinSilent: () => {
      renewals += 1;
      return renew();
    },
  });
  return { tokens, renewals: () => renewals };
}

describe("createAccessTokens", () => {
  it("returns only a token that is still valid", async () => {
    const renewed = async () => user({ access_token: "a2" });
    expect(await setUp(user({}), renewed).tokens.current()).toBe("a1");
    expect(await setUp(user({ expired: true } as Partial<User>), renewed).tokens.current()).toBeUndefined();
    expect(await setUp(null, renewed).tokens.current()).toBeUndefined();
  });

  it("renews once for all concurrent callers, and again later", async () => {
    const { tokens, renewals } = setUp(user({}), async () => user({ access_token: "a2" }));
    expect(await Promise.all([tokens.renew(), tokens.renew(), tokens.renew()])).toEqual(["a2", "a2", "a2"]);
    expect(renewals()).toBe(1);
    await tokens.renew();
    expect(renewals()).toBe(2);
  });

  it("has no token when the auth server refuses", async () => {
    const { tokens } = setUp(user({}), () => Promise.reject(new Error("invalid_grant")));
    expect(await tokens.renew()).toBeUndefined();
  });

  it("sends a refresh token no more that the auth server has refused, and one that was not answered again", async () => {
    const refusal = new ErrorResponse({ error: "invalid_grant" });
    const refused = setUp(user({}), () => Promise.reject(refusal));
    await refused.tokens.renew();
    await refused.tokens.renew();
    expect(refused.renewals()).toBe(1);
    const busy = new ErrorResponse({ error: "temporarily_unavailable" });
    for (const failure of [new TypeError("Failed to fetch"), busy]) {
      const unanswered = setUp(user({}), () => Promise.reject(failure));
      await unanswered.tokens.renew();
      await unanswered.tokens.renew();
      expect(unanswered.renewals()).toBe(2);
    }
  });

  it("does not try a hidden frame without a refresh token", async () => {
    const { refresh_token: _none, ...without } = user({});
    const { tokens, renewals } = setUp(without as User, async () => user({}));
    expect(await tokens.renew()).toBeUndefined();
    expect(renewals()).toBe(0);
  });
});

/** `request_type=code`, `request_type=refresh` and revocation (profile 4.5, 4.6, 6.1). */

import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { consentedCode, isConsent, MCP_USER, redeem, sentTo, startConsent, User } from "./journey.ts";
import { type AskOptions, jwkOf, newPair, Party, type Reply, type SigningPair } from "./party.ts";
import { verifiedToken } from "./verified-token.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource } = world;
const UNUSABLE_CODE = "Invalid or expired authorization code";

beforeEach(() => server.setAttributes(ASK_FOR_OPTIMIZE));

async function refreshToken(): Promise<string> {
  return String((await redeem(world, await consentedCode(world))).body.refresh_token);
}

const refresh = (refresh_token: string, party = agent): Promise<Reply> =>
  party.ask(server, { request_type: "refresh", refresh_token });

describe("a code", () => {
  test("yields an auth token of the user, and a refresh token", async () => {
    const reply = await redeem(world, await consentedCode(world));
    expect(reply).toMatchObject({ status: 200, body: { expires_in: 300, token_type: "AAuth" } });
    expect(Object.keys(reply.body).sort()).toEqual([
      "auth_token",
      "expires_in",
      "refresh_token",
      "token_type",
    ]);
    expect(reply.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    const { claims } = await verifiedToken(
      String(reply.body.auth_token),
      `${server.issuer}/protocol/aauth/certs`,
    );
    expect(Object.keys(claims)).toEqual(["exp", "iat", "iss", "aud", "sub", "agent", "cnf", "scope", "jti"]);
    expect(claims).toMatchObject({
      iss: server.issuer,
      aud: resource.id,
      sub: MCP_USER.id,
      agent: agent.id,
      scope: "supply-chain:optimize",
      cnf: { jwk: { x: agent.pair.x } },
    });
  });

  test("is valid only once", async () => {
    const code = await consentedCode(world);
    expect((await redeem(world, code)).status).toBe(200);
    expectRefusal(await redeem(world, code), 400, "invalid_grant", UNUSABLE_CODE);
  });

  test("is valid once, also for two concurrent requests", async () => {
    const code = await consentedCode(world);
    const replies = await Promise.all([redeem(world, code), redeem(world, code)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test("grants what policy allows when it is redeemed", async () => {
    const code = await consentedCode(world);
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, "aauth.allowed.scopes": '["data.read"]' });
    expectRefusal(await redeem(world, code), 403, "access_denied", "Authorization denied");
  });

  test("is not asked for by a page while the realm does not serve", async () => {
    const { url } = await startConsent(world);
    await server.setAttributes({ "aauth.enabled": "false" });
    const page = await new User().open(url);
    expect([page.status, isConsent(page)]).toEqual([400, false]);
  });

  test("that was never issued is refused", async () => {
    for (const code of ["made-up", "a.b.c", "x".repeat(2000)])
      expectRefusal(await redeem(world, code), 400, "invalid_grant", UNUSABLE_CODE);
  });

  test("has to be there", async () => {
    expectRefusal(
      await agent.ask(server, { request_type: "code", redirect_uri: agent.callback }),
      400,
      "invalid_request",
      "Missing required parameter: code",
    );
  });

  test("J8: without redirect_uri, or with another, is refused and used up", async () => {
    const without = await consentedCode(world);
    expectRefusal(
      await agent.ask(server, { request_type: "code", code: without }),
      400,
      "invalid_request",
      "Missing required parameter: redirect_uri",
    );
    const other = await consentedCode(world);
    expectRefusal(
      await agent.ask(server, { request_type: "code", code: other, redirect_uri: `${agent.callback}/x` }),
      400,
      "invalid_grant",
      "redirect_uri mismatch",
    );
    for (const code of [without, other])
      expectRefusal(await redeem(world, code), 400, "invalid_grant", UNUSABLE_CODE);
  });

  test("is for the agent that asked", async () => {
    const code = await consentedCode(world);
    const stolen = { request_type: "code", code, redirect_uri: agent.callback };
    expectRefusal(await resource.ask(server, stolen), 400, "invalid_grant", "Agent signature mismatch");
    expectRefusal(await redeem(world, code), 400, "invalid_grant", UNUSABLE_CODE);
  });

  test("is for the agent that asked, also when another one has the same key", async () => {
    const twin = await Party.start("twin");
    twin.pair = agent.pair;
    twin.keySet = agent.keySet;
    const code = await consentedCode(world);
    expectRefusal(
      await twin.ask(server, { request_type: "code", code, redirect_uri: agent.callback }),
      400,
      "invalid_grant",
      "Agent signature mismatch",
    );
    await twin.stop();
  });

  test("X3: is for the key that asked, also when the agent has published another", async () => {
    const rotated = await Party.start("rotated-agent");
    const second = newPair("rotated-2");
    rotated.keySet.push(jwkOf(second));
    rotated.agentMetadata = { redirect_uris: [rotated.callback] };
    const consented = async () => {
      const resource_token = resource.resourceToken(server, rotated);
      const { url } = await startConsent(
        { ...world, wish: (more) => world.wish({ resource_token, ...more }) },
        { by: rotated },
      );
      const user = new User();
      return sentTo(await user.decide(await user.openSignedIn(url), "accept")).query.code!;
    };
    const redeemWith = async (code: string, signing: AskOptions) =>
      rotated.ask(server, { request_type: "code", code, redirect_uri: rotated.callback }, signing);
    const other: AskOptions = { scheme: { scheme: "jwks", kid: second.kid }, signingKey: second.key };
    expectRefusal(
      await redeemWith(await consented(), other),
      400,
      "invalid_grant",
      "Agent signature mismatch",
    );
    // A refresh token belongs to the agent, whatever its current key.
    const { body } = await redeemWith(await consented(), {});
    const form = { request_type: "refresh", refresh_token: String(body.refresh_token) };
    grantedToken(await rotated.ask(server, form, other));
    await rotated.stop();
  });

  test("is not used up by a request that is not signed by an agent", async () => {
    const code = await consentedCode(world);
    const form = { request_type: "code", code, redirect_uri: agent.callback };
    expectRefusal(await agent.ask(server, form, { signingKey: newPair("x").key }), 401, "invalid_signature", {
      code: "invalid_signature",
      check: "signature",
    });
    expect((await redeem(world, code)).status).toBe(200);
  });
});

describe("a refresh token", () => {
  test("yields the same user, scope and resource again, and no other refresh token", async () => {
    const reply = await refresh(await refreshToken());
    expect(Object.keys(reply.body)).toEqual(["auth_token", "expires_in", "token_type"]);
    expect(reply.body).toMatchObject({ expires_in: 300, token_type: "AAuth" });
    const { claims } = grantedToken(reply);
    expect(Object.keys(claims)).toEqual(["exp", "iat", "iss", "aud", "sub", "agent", "cnf", "scope", "jti"]);
    expect(claims).toMatchObject({
      aud: resource.id,
      agent: agent.id,
      sub: MCP_USER.id,
      scope: "supply-chain:optimize",
    });
  });

  test("is valid more than once", async () => {
    const token = await refreshToken();
    grantedToken(await refresh(token));
    grantedToken(await refresh(token));
  });

  test("is refused when it is unknown, changed, or no longer good", async () => {
    const invalid = (reply: Reply) => expectRefusal(reply, 400, "invalid_grant", "Invalid refresh_token: ");
    invalid(await refresh("made-up"));
    invalid(await refresh("eyJhbGciOiJub25lIn0.e30."));
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, "aauth.refresh.lifespan": "1" });
    const token = await refreshToken();
    await pause(2100);
    invalid(await refresh(token));
  });

  test("has to be there", async () => {
    expectRefusal(
      await agent.ask(server, { request_type: "refresh" }),
      400,
      "invalid_request",
      "Missing required parameter: refresh_token",
    );
  });

  test("J17: another agent is refused without a word about the owner", async () => {
    const reply = await refresh(await refreshToken(), resource);
    expectRefusal(reply, 400, "invalid_grant", "Error refreshing token: Agent signature mismatch");
    for (const secret of [agent.thumbprint, agent.id, resource.thumbprint])
      expect(JSON.stringify(reply.body)).not.toContain(secret);
  });

  test("grants nothing that policy has withdrawn", async () => {
    const token = await refreshToken();
    await server.setAttributes({ "aauth.allowed.scopes": '["data.read"]' });
    expectRefusal(await refresh(token), 403, "access_denied", "Authorization denied");
    await server.setAttributes({ "aauth.blocked.agents": JSON.stringify([agent.id]) });
    expectRefusal(await refresh(token), 403, "access_denied", "Agent is not allowed by policy");
  });

  test("is not accepted as an auth token, nor an auth token as a refresh token", async () => {
    const { body } = await redeem(world, await consentedCode(world));
    expectRefusal(await refresh(String(body.auth_token)), 400, "invalid_grant", "Invalid refresh_token: ");
  });
});

describe("J20: revocation", () => {
  const revoke = (token: string, party = agent): Promise<Reply> =>
    party.ask(server, { token }, { url: server.revocationEndpoint });

  test("ends a refresh token, and only its owner can do it", async () => {
    const token = await refreshToken();
    expectRefusal(
      await agent.ask(
        server,
        { token },
        { url: server.revocationEndpoint, tamper: () => ({ headers: { "signature-key": undefined } }) },
      ),
      401,
      "invalid_request",
      { code: "missing_signature", description: "Agent identity not found." },
    );
    expect(await revoke(token, resource)).toMatchObject({ status: 200, body: {} });
    grantedToken(await refresh(token));

    const reply = await revoke(token);
    expect(reply).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(reply.body).toEqual({});
    expectRefusal(await refresh(token), 400, "invalid_grant", "Invalid refresh_token: ");
  });

  test("of an unknown token has the same answer (RFC 7009)", async () => {
    expect(await revoke("made-up")).toMatchObject({ status: 200, body: {} });
  });

  test("without a token is an error", async () => {
    expectRefusal(
      await agent.ask(server, { x: "1" }, { url: server.revocationEndpoint }),
      400,
      "invalid_request",
      "Missing required parameter: token",
    );
  });
});

describe("the grants of one delegate", () => {
  const { pair } = agent;
  /**
   * The agent's delegate of this name. All have the agent's own key here, so that only the name
   * identifies them.
   */
  const as = (sub: string, key: SigningPair = pair): AskOptions => ({
    scheme: { scheme: "jwt", jwt: agent.agentToken(key, { sub }) },
    signingKey: key.key,
  });
  const itself: AskOptions = {};
  const others: [string, AskOptions][] = [
    ["another delegate", as("worker-8")],
    ["the agent itself", itself],
  ];

  async function codeOf(options: AskOptions, user = new User()): Promise<string> {
    const { body } = await agent.ask(server, world.wish({ redirect_uri: agent.callback }), options);
    const page = await user.openSignedIn(`${server.authEndpoint}?request_token=${body.request_token}`);
    return sentTo(isConsent(page) ? await user.decide(page, "accept") : page).query.code!;
  }
  const redeemAs = (code: string, options: AskOptions) =>
    agent.ask(server, { request_type: "code", code, redirect_uri: agent.callback }, options);
  const refreshAs = (refresh_token: string, options: AskOptions) =>
    agent.ask(server, { request_type: "refresh", refresh_token }, options);
  const revokeAs = (token: string, options: AskOptions) =>
    agent.ask(server, { token }, { url: server.revocationEndpoint, ...options });

  test.each(others)("as a code is not for %s", async (_name, options) => {
    const code = await codeOf(as("worker-7"));
    expectRefusal(await redeemAs(code, options), 400, "invalid_grant", "Agent signature mismatch");
    expectRefusal(await redeemAs(code, as("worker-7")), 400, "invalid_grant", UNUSABLE_CODE);
  });

  test("do not include the agent's own code", async () => {
    const code = await codeOf(itself);
    expectRefusal(await redeemAs(code, as("worker-7")), 400, "invalid_grant", "Agent signature mismatch");
  });

  test.each(others)("as a refresh token cannot be used or revoked by %s", async (_name, options) => {
    const { body } = await redeemAs(await codeOf(as("worker-7")), as("worker-7"));
    const token = String(body.refresh_token);
    expectRefusal(
      await refreshAs(token, options),
      400,
      "invalid_grant",
      "Error refreshing token: Agent signature mismatch",
    );
    expect(await revokeAs(token, options)).toMatchObject({ status: 200, body: {} });
    // With another key it is still this delegate.
    const again = await refreshAs(token, as("worker-7", newPair("new-key")));
    expect(grantedToken(again).claims).toMatchObject({ agent: agent.id, agent_delegate: "worker-7" });
    expect((await revokeAs(token, as("worker-7"))).status).toBe(200);
    expectRefusal(await refreshAs(token, as("worker-7")), 400, "invalid_grant", "Invalid refresh_token: ");
  });

  test.each(others)("as a remembered consent is not for %s", async (_name, options) => {
    const user = new User();
    await codeOf(as("worker-7"), user);
    const open = async (who: AskOptions) => {
      const { body } = await agent.ask(server, world.wish({ redirect_uri: agent.callback }), who);
      return user.open(`${server.authEndpoint}?request_token=${body.request_token}`);
    };
    expect(isConsent(await open(options))).toBe(true);
    expect(isConsent(await open(as("worker-7")))).toBe(false);
  });
});

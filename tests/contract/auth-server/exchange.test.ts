/**
 * `request_type=exchange`: a resource makes a call on behalf of its caller, also with a caller from
 * another auth server (profile 4.4, 6.1).
 */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { AAuthErrorCode } from "aauth";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { makeToken, readToken, thumbprintOf } from "../../support/foreign-agent.ts";
import { consentedCode, isConsent, MCP_USER, redeem, type Shown, sentTo, textOf, User } from "./journey.ts";
import {
  type AskOptions,
  type Form,
  jwkOf,
  newPair,
  now,
  Party,
  type Reply,
  type ResourceTokenOptions,
} from "./party.ts";
import { verifiedToken } from "./verified-token.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "./world.ts";

const world = await startWorld();
const { server, agent, resource, nextResource, wish } = world;
const BOTH_SCOPES = "supply-chain:optimize market-analysis:analyze";
/** The agent that may exchange users' tokens. */
const CARRIER = { "aauth.exchange.agents": JSON.stringify([resource.id]) };
const partner = await Party.start("partner-auth-server");
afterAll(() => partner.stop());

/** The token with which the agent calls the resource. */
async function upstreamToken(scope = BOTH_SCOPES): Promise<string> {
  const resource_token = resource.resourceToken(server, agent, { scope });
  return String((await agent.ask(server, wish({ resource_token }))).body.auth_token);
}

const nextWish = (options: ResourceTokenOptions = {}, party = resource) =>
  nextResource.resourceToken(server, party, { scope: "market-analysis:analyze", ...options });

/** The resource's exchange: upstream token in Signature-Key, own signature. */
function exchange(
  upstream: string,
  {
    resource_token = nextWish(),
    by = resource,
    ...options
  }: AskOptions & { resource_token?: string; by?: Party } = {},
): Promise<Reply> {
  const form = { request_type: "exchange", resource_token };
  return by.ask(server, form, { scheme: { scheme: "jwt", jwt: upstream }, ...options });
}

describe("granted", () => {
  test("a token for the next resource that names the caller in act and is bound to the requester's key", async () => {
    const reply = await exchange(await upstreamToken());
    expect(Object.keys(reply.body)).toEqual(["auth_token", "expires_in", "token_type"]);
    const { claims } = await verifiedToken(
      String(reply.body.auth_token),
      `${server.issuer}/protocol/aauth/certs`,
    );
    expect(Object.keys(claims)).toEqual([
      "exp",
      "iat",
      "nbf",
      "iss",
      "aud",
      "agent",
      "cnf",
      "scope",
      "act",
      "jti",
    ]);
    expect(claims).toMatchObject({
      iss: server.issuer,
      aud: nextResource.id,
      agent: resource.id,
      scope: "market-analysis:analyze",
      cnf: { jwk: { x: resource.pair.x } },
    });
    expect(claims.act).toEqual({ agent: agent.id });
    expect(claims.nbf).toBe(claims.iat);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(Number(reply.body.expires_in));
  });

  test("X1: a token that expires with the caller's, whatever lifetime policy allows, as does the next in the chain", async () => {
    await server.setAttributes({ "aauth.token.lifespan": "30" });
    const upstream = await upstreamToken();
    await server.setAttributes({ "aauth.token.lifespan": "300" });
    const end = Number(readToken(upstream).claims.exp);
    const first = await exchange(upstream);
    const resource_token = agent.resourceToken(server, nextResource, { scope: "market-analysis:analyze" });
    const second = await exchange(String(first.body.auth_token), { resource_token, by: nextResource });
    for (const reply of [first, second]) {
      const { claims } = grantedToken(reply);
      expect(claims.exp).toBe(end);
      expect(reply.body.expires_in).toBe(end - Number(claims.iat));
    }
  });

  test("a token no longer than policy has it, however long the caller's lives", async () => {
    const upstream = await upstreamToken();
    await server.setAttributes({ "aauth.token.lifespan": "30" });
    const reply = await exchange(upstream);
    const { claims } = grantedToken(reply);
    expect([reply.body.expires_in, Number(claims.exp) - Number(claims.iat)]).toEqual([30, 30]);
  });

  test("the user is kept, on top and in act", async () => {
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, ...CARRIER });
    const { body } = await redeem(world, await consentedCode(world));
    const resource_token = nextWish({ scope: "supply-chain:optimize" });
    const { claims } = grantedToken(await exchange(String(body.auth_token), { resource_token }));
    expect(Object.keys(claims).slice(3, 7)).toEqual(["iss", "aud", "sub", "agent"]);
    expect(claims.sub).toBe(MCP_USER.id);
    expect(claims.act).toEqual({ agent: agent.id, sub: MCP_USER.id });
  });

  test("a second exchange nests act", async () => {
    const first = await exchange(await upstreamToken());
    const resource_token = agent.resourceToken(server, nextResource, { scope: "market-analysis:analyze" });
    const second = await exchange(String(first.body.auth_token), { resource_token, by: nextResource });
    expect(grantedToken(second).claims).toMatchObject({ aud: agent.id, agent: nextResource.id });
    expect(grantedToken(second).claims.act).toEqual({ agent: resource.id, act: { agent: agent.id } });
  });

  test("a token for the resource itself still names the requester: act needs an actor", async () => {
    const resource_token = resource.resourceToken(server, resource, { scope: "supply-chain:optimize" });
    const { claims } = grantedToken(await exchange(await upstreamToken(), { resource_token }));
    expect(claims).toMatchObject({
      aud: resource.id,
      agent: resource.id,
      scope: "supply-chain:optimize",
      act: { agent: agent.id },
    });
  });

  test("a delegate of the caller is named in act", async () => {
    const delegate = newPair("delegate-1");
    const { pair } = agent;
    const jwt = agent.agentToken(delegate);
    agent.pair = delegate;
    const resource_token = resource.resourceToken(server, agent, { scope: BOTH_SCOPES });
    const upstream = await agent.ask(server, wish({ resource_token }), { scheme: { scheme: "jwt", jwt } });
    agent.pair = pair;
    const { claims } = grantedToken(await exchange(String(upstream.body.auth_token)));
    expect(claims.act).toEqual({ agent: agent.id, agent_delegate: "worker-7" });
    expect(claims).not.toHaveProperty("agent_delegate");
  });
});

/** Token of an agent whose user consents. */
async function agreedTo(party: Party, form: Form, check: (page: Shown) => void = () => {}): Promise<string> {
  const { body } = await party.ask(server, form);
  const user = new User();
  const page = await user.openSignedIn(`${server.authEndpoint}?request_token=${body.request_token}`);
  expect(isConsent(page)).toBe(true);
  check(page);
  const { code } = sentTo(await user.decide(page, "accept")).query;
  const redeemed = { request_type: "code", code: code!, redirect_uri: party.callback };
  const reply = await party.ask(server, redeemed);
  grantedToken(reply);
  return String(reply.body.auth_token);
}

describe("refused: scopes that need a user's consent", () => {
  const NEED_CONSENT = { "aauth.consent.required.scopes": JSON.stringify(BOTH_SCOPES.split(" ")) };
  const expectNoCarrier = (reply: Reply) =>
    expectRefusal(reply, 403, "access_denied", "Agent is not allowed to carry a user's authority on");
  const expectNoUser = (reply: Reply) =>
    expectRefusal(
      reply,
      400,
      "invalid_grant",
      "Token exchange authorization failed: The scope needs a user of this realm",
    );

  test("at one resource, carried to another by one that the realm does not list", async () => {
    const evil = await Party.start("evil");
    const evilResource = await Party.start("evil-resource");
    evil.agentMetadata = { redirect_uris: [evil.callback] };
    evilResource.resourceMetadata = {
      scope_descriptions: { "supply-chain:optimize": "Show the weather of today" },
    };
    await server.setAttributes({ ...NEED_CONSENT, ...CARRIER });
    const upstream = await agreedTo(
      evil,
      {
        request_type: "auth",
        resource_token: evilResource.resourceToken(server, evil),
        redirect_uri: evil.callback,
      },
      (page) => {
        expect(textOf(page)).toContain("Show the weather of today");
        expect(textOf(page)).not.toContain(resource.id);
      },
    );
    const carryOn = () =>
      exchange(upstream, { resource_token: resource.resourceToken(server, evilResource), by: evilResource });
    expectNoCarrier(await carryOn());
    const others = JSON.stringify([`${evilResource.id}/`, evil.id, "*"]);
    await server.setAttributes({ ...NEED_CONSENT, "aauth.exchange.agents": others });
    expectNoCarrier(await carryOn());
    await server.setAttributes({
      ...NEED_CONSENT,
      "aauth.exchange.agents": JSON.stringify([evilResource.id]),
    });
    expect(grantedToken(await carryOn()).claims).toMatchObject({ aud: resource.id, sub: MCP_USER.id });
    await Promise.all([evil.stop(), evilResource.stop()]);
  });

  test("in an agent's token for itself, which has no user", async () => {
    await server.setAttributes({ ...NEED_CONSENT, "aauth.exchange.agents": JSON.stringify([agent.id]) });
    const upstream = await agreedTo(agent, {
      request_type: "auth",
      scope: "supply-chain:optimize",
      redirect_uri: agent.callback,
    });
    expect(readToken(upstream).claims).not.toHaveProperty("sub");
    const resource_token = resource.resourceToken(server, agent);
    expectNoUser(await exchange(upstream, { resource_token, by: agent }));
  });

  test("in a token for which no user was asked", async () => {
    const upstream = await upstreamToken();
    await server.setAttributes({ ...NEED_CONSENT, ...CARRIER });
    expectNoUser(await exchange(upstream));
    await server.setAttributes({ ...NEED_CONSENT, "aauth.exchange.agents": "[]" });
    expectNoUser(await exchange(upstream));
  });

  test("X15: whatever the scope, where no agent may carry a user's authority on", async () => {
    const attributes = {
      ...ASK_FOR_OPTIMIZE,
      "aauth.self.agents": JSON.stringify([resource.id]),
      "aauth.exchange.agents": "[]",
    };
    await server.setAttributes(attributes);
    const scope = "supply-chain:optimize user.settings openid data.read";
    const resource_token = resource.resourceToken(server, agent, { scope });
    const upstream = await agreedTo(agent, wish({ resource_token, redirect_uri: agent.callback }));
    for (const words of ["supply-chain:optimize", "data.read user.settings", "openid", "data.read"])
      expectNoCarrier(await exchange(upstream, { resource_token: nextWish({ scope: words }) }));
  });
});

describe("refused", () => {
  const authorization = "Token exchange authorization failed: ";

  test("a scope that the caller does not have", async () => {
    expectRefusal(
      await exchange(await upstreamToken("supply-chain:optimize")),
      400,
      "invalid_grant",
      `${authorization}Scope expansion not allowed: market-analysis:analyze`,
    );
  });

  test("a chain that is longer than policy has it", async () => {
    await server.setAttributes({ "aauth.exchange.max.depth": "1" });
    const first = await exchange(await upstreamToken());
    expect(first.status).toBe(200);
    const resource_token = agent.resourceToken(server, nextResource, { scope: "market-analysis:analyze" });
    expectRefusal(
      await exchange(String(first.body.auth_token), { resource_token, by: nextResource }),
      400,
      "invalid_grant",
      `${authorization}Delegation chain depth limit exceeded (max: 1)`,
    );
  });

  test("exchange, scopes or agents that policy forbids", async () => {
    const upstream = await upstreamToken();
    await server.setAttributes({ "aauth.exchange.enabled": "false" });
    expectRefusal(
      await exchange(upstream),
      400,
      "invalid_request",
      "Token exchange is not enabled for this realm",
    );
    await server.setAttributes({ "aauth.allowed.scopes": '["supply-chain:optimize"]' });
    expectRefusal(await exchange(upstream), 403, "access_denied", "Authorization denied");
    await server.setAttributes({ "aauth.blocked.agents": JSON.stringify([resource.id]) });
    expectRefusal(await exchange(upstream), 403, "access_denied", "Agent is not allowed by policy");
  });

  test("a request without a required parameter", async () => {
    const resource_token = nextWish();
    expectRefusal(
      await resource.ask(server, { request_type: "exchange", resource_token }),
      400,
      "invalid_request",
      "Missing upstream auth_token.",
    );
    expectRefusal(
      await resource.ask(server, { request_type: "exchange" }),
      400,
      "invalid_request",
      "Missing required parameter: resource_token",
    );
  });

  test("another signer: a thief of the upstream token, or the caller itself", async () => {
    const upstream = await upstreamToken();
    for (const signingKey of [newPair("x").key, agent.pair.key])
      expectRefusal(await exchange(upstream, { signingKey }), 401, "invalid_signature", {
        code: "invalid_signature",
        check: "signature",
      });
  });

  test("a key that the requester does not publish", async () => {
    const stranger = newPair("stranger");
    const resource_token = nextWish({ claims: { agent_jkt: thumbprintOf(stranger) } });
    expectRefusal(
      await exchange(await upstreamToken(), { resource_token, signingKey: stranger.key }),
      401,
      "invalid_signature",
      { code: "unknown_key", check: "token" },
    );
  });

  test("the same request twice", async () => {
    const [upstream, nonce] = [await upstreamToken(), "AAECAwQFBgcICQoLDA0ODw"];
    grantedToken(await exchange(upstream, { nonce }));
    expectRefusal(await exchange(upstream, { nonce }), 401, "invalid_signature", {
      code: "nonce_replayed",
      check: "replay",
    });
  });

  test("J4: a stale signature, or insufficient coverage", async () => {
    const upstream = await upstreamToken();
    const cases: [AskOptions, AAuthErrorCode, string][] = [
      [{ created: now() - 63 }, "created_out_of_window", "created"],
      [{ created: null }, "created_missing", "created"],
      [{ covered: [] }, "insufficient_coverage", "coverage"],
      [{ without: ["@path"] }, "insufficient_coverage", "coverage"],
    ];
    for (const [options, code, check] of cases)
      expectRefusal(await exchange(upstream, options), 401, "invalid_signature", { code, check });
  });

  test("P7: an upstream token for another party", async () => {
    const resource_token = agent.resourceToken(server, nextResource, { scope: "market-analysis:analyze" });
    expectRefusal(
      await exchange(await upstreamToken(), { resource_token, by: nextResource }),
      400,
      "invalid_grant",
      { code: "token_audience_mismatch", description: "Token exchange validation failed: " },
    );
  });

  test("P7: an upstream token that has expired", async () => {
    await server.setAttributes({ "aauth.token.lifespan": "1" });
    const upstream = await upstreamToken();
    await pause(2100);
    expectRefusal(await exchange(upstream), 400, "invalid_grant", {
      code: "token_expired",
      description: "Token exchange validation failed: ",
    });
  });

  test("J1: a resource token that is not the next resource's", async () => {
    const upstream = await upstreamToken();
    const cases: [string, AAuthErrorCode][] = [
      ["nonsense", "malformed_token"],
      [nextWish({ key: agent.pair.key }), "invalid_token_signature"],
      [nextWish({ key: newPair("x").key }), "invalid_token_signature"],
    ];
    for (const [resource_token, code] of cases) {
      const description = "Invalid resource_token: ";
      const reply = await exchange(upstream, { resource_token });
      expectRefusal(reply, 400, "invalid_grant", { code, description });
    }
  });

  test("a resource token that names no agent", async () => {
    const resource_token = nextWish({ claims: { agent: undefined } });
    expectRefusal(await exchange(await upstreamToken(), { resource_token }), 400, "invalid_grant", {
      code: "token_claim_missing",
    });
  });

  test("a resource token for another agent", async () => {
    const resource_token = nextWish({ claims: { agent: agent.id } });
    // The key is looked up for the agent that the token names.
    expectRefusal(await exchange(await upstreamToken(), { resource_token }), 400, "invalid_grant", {
      code: "token_audience_mismatch",
      description: "Token exchange validation failed: ",
    });
  });

  test("an upstream token that is not a token", async () => {
    expectRefusal(await exchange("nonsense"), 401, "invalid_signature", { code: "malformed_token" });
    for (const jwt of [resource.agentToken(newPair("d")), nextWish()])
      expectRefusal(await exchange(jwt), 400, "invalid_request", "Missing upstream auth_token.");
  });
});

describe("a caller from another auth server", () => {
  const realm = generateKeyPairSync("rsa", { modulusLength: 2048 });
  beforeEach(() => {
    partner.keySet = [
      { ...realm.publicKey.export({ format: "jwk" }), kid: "realm-1", use: "sig", alg: "RS256" },
    ];
    partner.asked.length = 0;
  });

  /**
   * An auth token as the partner issues it, in the form of the published extension: odd spacing,
   * foreign kid in cnf, no jti.
   */
  function partnerToken(
    claims: object = {},
    key: KeyObject = realm.privateKey,
    { typ = "auth+jwt", kid = "realm-1" } = {},
  ): string {
    const header = `{"alg":"RS256","typ" : "${typ}","kid" : "${kid}"}`;
    const { x } = agent.pair;
    const body = JSON.stringify({
      exp: now() + 300,
      iat: now(),
      iss: partner.id,
      aud: resource.id,
      sub: MCP_USER.id,
      agent: agent.id,
      cnf: { jwk: { kid: "of-something-else", kty: "OKP", use: "sig", crv: "Ed25519", x } },
      scope: BOTH_SCOPES,
      ...claims,
    });
    const input = [header, body].map((part) => Buffer.from(part).toString("base64url")).join(".");
    return `${input}.${sign("RSA-SHA256", Buffer.from(input), key).toString("base64url")}`;
  }
  const trusted = { "aauth.trusted.issuers": JSON.stringify([partner.id]) };

  test("J3, P7: is refused without a single request, unless the realm trusts that auth server", async () => {
    expectRefusal(await exchange(partnerToken()), 401, "invalid_signature", { code: "untrusted_issuer" });
    expect(partner.asked).toEqual([]);

    await server.setAttributes(trusted);
    const { claims } = grantedToken(await exchange(partnerToken()));
    expect(claims.act).toEqual({ agent: agent.id, sub: MCP_USER.id });
    // The partner's user is not this realm's, even if both have the same id.
    expect(claims).not.toHaveProperty("sub");
    // Therefore no user here could have consented, whichever agent exchanges the token.
    await server.setAttributes({
      ...trusted,
      ...CARRIER,
      "aauth.consent.required.scopes": '["market-analysis:analyze"]',
    });
    expectRefusal(
      await exchange(partnerToken()),
      400,
      "invalid_grant",
      "Token exchange authorization failed: The scope needs a user of this realm",
    );
  });

  test("P7: a token without an expiry", async () => {
    await server.setAttributes(trusted);
    const endless = partnerToken({ exp: undefined });
    expectRefusal(await exchange(endless), 401, "invalid_signature", { code: "token_claim_missing" });
  });

  test("a token that is not valid yet, or no longer, or another party's", async () => {
    await server.setAttributes(trusted);
    const cases: [object, AAuthErrorCode][] = [
      [{ exp: now() - 1 }, "token_expired"],
      [{ nbf: now() + 60 }, "token_not_yet_valid"],
      [{ aud: nextResource.id }, "token_audience_mismatch"],
      [{ iat: now() + 60 }, "token_not_yet_valid"],
    ];
    for (const [claims, code] of cases) {
      const reply = await exchange(partnerToken(claims));
      const description = "Token exchange validation failed: ";
      expectRefusal(reply, 400, "invalid_grant", { code, description });
    }
  });

  test("a forged one, one of another type, one without a key", async () => {
    await server.setAttributes(trusted);
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const forged = partnerToken({}, stranger.privateKey);
    expectRefusal(await exchange(forged), 401, "invalid_signature", { code: "invalid_token_signature" });
    const keyless = partnerToken({ cnf: undefined });
    expectRefusal(await exchange(keyless), 401, "invalid_signature", { code: "token_claim_missing" });
    const mistyped = partnerToken({}, realm.privateKey, { typ: "JWT" });
    expectRefusal(await exchange(mistyped), 400, "invalid_request", "Missing upstream auth_token.");
  });

  test("J3: a token that only says it is from here", async () => {
    // Under the key id that this server signs with.
    const kid = String(readToken(await upstreamToken()).header.kid);
    const forged = partnerToken({ iss: server.issuer }, realm.privateKey, { kid });
    expectRefusal(await exchange(forged), 401, "invalid_signature", { code: "invalid_token_signature" });
    const byNobody = makeToken(
      { alg: "none", typ: "auth+jwt" },
      {
        iss: server.issuer,
        aud: resource.id,
        agent: agent.id,
        exp: now() + 60,
        cnf: { jwk: jwkOf(agent.pair) },
      },
    );
    expectRefusal(await exchange(byNobody), 401, "invalid_signature", { code: "malformed_token" });
    expectRefusal(await exchange(`${byNobody}AAAA`), 401, "invalid_signature", {
      code: "token_algorithm_not_allowed",
    });
  });
});

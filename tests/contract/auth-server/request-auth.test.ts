/** `request_type=auth`: the grants, their form, and every refusal (profile 4.1, 4.2, 6.1, 6.2). */

import type { AAuthErrorCode } from "aauth";
import { describe, expect, test } from "vitest";
import { jwkOf, newPair, now, Party, type ResourceTokenOptions } from "./party.ts";
import { verifiedToken } from "./verified-token.ts";
import { ASK_FOR_OPTIMIZE, expectRefusal, grantedToken, startWorld } from "./world.ts";

const { server, agent, resource, nextResource, wish } = await startWorld();
const certs = `${server.issuer}/protocol/aauth/certs`;

const wishWith = (token: ResourceTokenOptions, more: Record<string, string> = {}) =>
  wish({ resource_token: resource.resourceToken(server, agent, token), ...more });

describe("granted", () => {
  test("the answer: these members, in this order, and no cache stores it", async () => {
    const reply = await agent.ask(server, wish());
    expect(reply).toMatchObject({ status: 200, body: { expires_in: 300, token_type: "AAuth" } });
    expect(Object.keys(reply.body)).toEqual(["auth_token", "expires_in", "token_type"]);
    expect(reply.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  });

  test("the token: header, claims in this order, lifetime, signature by a published key", async () => {
    const before = now();
    const { body } = await agent.ask(server, wish());
    const { header, claims } = await verifiedToken(String(body.auth_token), certs);
    expect(Object.keys(header)).toEqual(expect.arrayContaining(["alg", "typ", "kid"]));
    expect(header).toEqual({ alg: "RS256", typ: "auth+jwt", kid: expect.any(String) });
    expect(Object.keys(claims)).toEqual(["exp", "iat", "iss", "aud", "agent", "cnf", "scope", "jti"]);
    expect(claims).toMatchObject({
      iss: server.issuer,
      aud: resource.id,
      agent: agent.id,
      scope: "supply-chain:optimize",
      cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: agent.pair.x } },
    });
    const { exp, iat } = claims as { exp: number; iat: number };
    expect(exp - iat).toBe(300);
    // Never in the future: PyJWT, which the published agents use, allows no skew.
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(iat).toBeLessThanOrEqual(now());
  });

  test("all scopes that the resource token names", async () => {
    const reply = await agent.ask(server, wishWith({ scope: "a:one b:two" }));
    expect(grantedToken(reply).claims.scope).toBe("a:one b:two");
  });

  test("the lifetime is the realm's attribute", async () => {
    await server.setAttributes({ "aauth.token.lifespan": "60" });
    const reply = await agent.ask(server, wish());
    const { exp, iat } = grantedToken(reply).claims as { exp: number; iat: number };
    expect([reply.body.expires_in, exp - iat]).toEqual([60, 60]);
  });

  test("a delegate is named beside its agent, and the token is bound to the delegate's key", async () => {
    const delegate = newPair("delegate-1");
    const jwt = agent.agentToken(delegate);
    const pair = agent.pair;
    agent.pair = delegate;
    const resource_token = resource.resourceToken(server, agent);
    const reply = await agent.ask(server, wish({ resource_token }), { scheme: { scheme: "jwt", jwt } });
    agent.pair = pair;
    const { claims } = grantedToken(reply);
    expect(claims).toMatchObject({
      agent: agent.id,
      agent_delegate: "worker-7",
      cnf: { jwk: { x: delegate.x } },
    });
    expect(Object.keys(claims).indexOf("agent_delegate")).toBe(Object.keys(claims).indexOf("agent") + 1);
  });

  test("a key alone is an agent by the name of its thumbprint", async () => {
    const name = `pseudonymous:${agent.thumbprint}`;
    const reply = await agent.ask(server, wishWith({ claims: { agent: name } }), {
      scheme: { scheme: "hwk" },
    });
    expect(grantedToken(reply).claims).toMatchObject({ agent: name, cnf: { jwk: { x: agent.pair.x } } });
  });

  test("for the agent itself, by scope: it is the audience, and no agent is named", async () => {
    const reply = await agent.ask(server, { request_type: "auth", scope: "data.read" });
    const { claims } = grantedToken(reply);
    expect(claims).toMatchObject({ aud: agent.id, scope: "data.read" });
    expect(claims).not.toHaveProperty("agent");
  });

  test("state and redirect_uri do no harm where no consent is needed", async () => {
    const reply = await agent.ask(server, wish({ redirect_uri: "https://elsewhere.example/", state: "s" }));
    grantedToken(reply);
    expect(reply.body).not.toHaveProperty("state");
  });
});

describe("consent is needed", () => {
  const redirect = { redirect_uri: agent.callback, state: "s" };

  test("then the answer is a request token: these members, in this order", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const reply = await agent.ask(server, wish(redirect));
    expect(reply).toMatchObject({ status: 200, body: { expires_in: 600, token_type: "AAuth" } });
    expect(Object.keys(reply.body)).toEqual(["expires_in", "request_token", "token_type"]);
    expect(reply.body.request_token).toMatch(/^[\w-]{43,}$/);
    expect(reply.headers["cache-control"]).toBe("no-store");
  });

  test("for one scope among several, and by prefix", async () => {
    await server.setAttributes({ "aauth.self.agents": JSON.stringify([resource.id]) });
    for (const scope of ["data.read openid", "user.settings"]) {
      const reply = await agent.ask(server, wishWith({ scope }, redirect));
      expect(reply.body, scope).toHaveProperty("request_token");
    }
    grantedToken(await agent.ask(server, wishWith({ scope: "openid.x userx" })));
  });

  test("for a scope of the agent's own", async () => {
    const reply = await agent.ask(server, { request_type: "auth", scope: "user.settings", ...redirect });
    expect(reply.body).toHaveProperty("request_token");
  });

  test("never, with both lists empty", async () => {
    await server.setAttributes({
      "aauth.self.agents": JSON.stringify([resource.id]),
      "aauth.consent.required.scopes": "[]",
      "aauth.consent.required.scope.prefixes": "[]",
    });
    grantedToken(await agent.ask(server, wishWith({ scope: "openid user.settings" })));
  });

  test("redirect_uri is wanted then", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    expectRefusal(
      await agent.ask(server, wish()),
      400,
      "invalid_request",
      "redirect_uri is required when user consent is needed",
    );
  });

  test.each([
    ["another host's", "https://evil.example/callback"],
    ["with a query behind it", `${agent.callback}?next=https://evil.example/`],
    ["the callback as a prefix", `${agent.callback}.evil`],
    ["a user before the host", agent.callback.replace("//", "//evil.example@")],
  ])("J9: a redirect_uri that the agent has not published is refused: %s", async (_what, redirect_uri) => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    expectRefusal(
      await agent.ask(server, wish({ redirect_uri })),
      400,
      "invalid_request",
      "redirect_uri is not registered for this agent",
    );
  });

  test.each([
    ["redirect_uri", { redirect_uri: `${agent.callback}?${"x".repeat(2048)}` }],
    ["state", { redirect_uri: agent.callback, state: "x".repeat(2049) }],
  ])("a %s that is too long to keep is refused", async (name, parameters) => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    expectRefusal(
      await agent.ask(server, wish(parameters)),
      400,
      "invalid_request",
      `${name} is longer than 2048 characters`,
    );
  });

  test("J9: a key alone has no published redirect URIs", async () => {
    await server.setAttributes(ASK_FOR_OPTIMIZE);
    const form = wishWith({ claims: { agent: `pseudonymous:${agent.thumbprint}` } }, redirect);
    expectRefusal(
      await agent.ask(server, form, { scheme: { scheme: "hwk" } }),
      400,
      "invalid_request",
      "redirect_uri is not registered for this agent",
    );
  });

  test("J7: a scope that policy forbids is refused before any user is asked", async () => {
    await server.setAttributes({ ...ASK_FOR_OPTIMIZE, "aauth.allowed.scopes": '["data.read"]' });
    expectRefusal(await agent.ask(server, wish(redirect)), 403, "access_denied", "Authorization denied");
  });
});

describe("refused by policy", () => {
  test("an agent that is not on the allow list, or is on the block list", async () => {
    for (const attributes of [
      { "aauth.allowed.agents": JSON.stringify([resource.id]) },
      { "aauth.blocked.agents": JSON.stringify([agent.id]) },
      {
        "aauth.allowed.agents": JSON.stringify([agent.id]),
        "aauth.blocked.agents": JSON.stringify([agent.id]),
      },
    ]) {
      await server.setAttributes(attributes);
      expectRefusal(await agent.ask(server, wish()), 403, "access_denied", "Agent is not allowed by policy");
    }
    await server.setAttributes({ "aauth.allowed.agents": JSON.stringify([agent.id]) });
    grantedToken(await agent.ask(server, wish()));
  });

  test("a scope that is not on the list: in a resource token, or asked for", async () => {
    await server.setAttributes({ "aauth.allowed.scopes": '["data.read"]' });
    expectRefusal(await agent.ask(server, wish()), 403, "access_denied", "Authorization denied");
    expectRefusal(
      await agent.ask(server, { request_type: "auth", scope: "data.read data.write" }),
      400,
      "invalid_scope",
      "One or more requested scopes are not allowed",
    );
    grantedToken(await agent.ask(server, wishWith({ scope: "data.read" })));
  });

  test("all callers, while the realm has AAuth switched off", async () => {
    await server.setAttributes({ "aauth.enabled": "false" });
    expectRefusal(
      await agent.ask(server, wish()),
      400,
      "invalid_request",
      "AAuth protocol is not enabled for this realm",
    );
  });
});

describe("refused for missing or surplus parameters", () => {
  const refused = async (form: Record<string, string> | string, text: string) =>
    expectRefusal(await agent.ask(server, form), 400, "invalid_request", text);

  test("no request_type", () => refused({ scope: "a" }, "Missing required parameter: request_type"));

  test("neither resource_token nor scope", () =>
    refused({ request_type: "auth" }, "Missing required parameter: resource_token or scope"));

  test("an empty parameter is a missing one", () =>
    refused(
      { request_type: "auth", resource_token: "", scope: " " },
      "Missing required parameter: resource_token or scope",
    ));

  test("both resource_token and scope", () =>
    refused(
      { request_type: "auth", resource_token: resource.resourceToken(server, agent), scope: "a" },
      "Only one of resource_token and scope may be given",
    ));

  test("auth_request_url", () =>
    refused(
      { request_type: "auth", auth_request_url: "http://x.localhost" },
      "auth_request_url is not supported",
    ));

  test("a parameter twice", () =>
    refused("request_type=auth&scope=a&state=a&state=b", "duplicated parameter: state"));

  test("request_type twice", () =>
    refused("request_type=auth&request_type=code&scope=a", "duplicated parameter: request_type"));

  test.each([
    ["two spaces", "a  b"],
    ["a scope outside ASCII", "a \u202eb"],
    ["too much", "x".repeat(2049)],
  ])("a malformed scope: %s", async (_what, scope) =>
    expectRefusal(
      await agent.ask(server, { request_type: "auth", scope }),
      400,
      "invalid_scope",
      "scope is malformed or too long",
    ),
  );

  test("by scope, a key alone", async () =>
    expectRefusal(
      await agent.ask(server, { request_type: "auth", scope: "a" }, { scheme: { scheme: "hwk" } }),
      401,
      "invalid_request",
      { code: "identity_required", description: "Agent identity not found." },
    ));

  test("not a form", async () => {
    const { status, body } = await agent.ask(server, '{"request_type":"auth"}', {
      contentType: "application/json",
    });
    expect([status, body.error]).toEqual([415, "invalid_request"]);
    // Keycloak reads these itself, so it may refuse them itself, but not with a server error.
    for (const url of [server.tokenEndpoint, server.revocationEndpoint]) {
      const contentType = "multipart/form-data; boundary=x";
      expect((await agent.ask(server, "--x--", { contentType, url })).status).toBe(415);
    }
  });

  test("a body that is too large", async () => {
    const { status, body } = await agent.ask(server, `request_type=auth&x=${"x".repeat(70_000)}`);
    expect([status, body.error]).toEqual([413, "invalid_request"]);
  });
});

/** A value that JavaScript cannot convert to a string. */
const NO_TEXT = { toString: 1, valueOf: 1 };

describe("refused for the resource token", () => {
  const stranger = newPair("stranger");
  test.each<[string, ResourceTokenOptions | string, AAuthErrorCode]>([
    ["no token", "nonsense", "malformed_token"],
    ["of another type", { header: { typ: "auth+jwt" } }, "token_type_mismatch"],
    ["of a resource that has no metadata", { claims: { iss: server.origin } }, "discovery_failed"],
    ["by an unknown key", { header: { kid: "other" } }, "unknown_key"],
    ["J1: with a forged signature", { key: stranger.key }, "invalid_token_signature"],
    ["J1: by the agent itself", { key: agent.pair.key }, "invalid_token_signature"],
    ["J1: without a signature", { header: { alg: "none" } }, "token_algorithm_not_allowed"],
    ["for another auth server", { claims: { aud: "http://other.localhost" } }, "token_audience_mismatch"],
    ["for another agent", { claims: { agent: nextResource.id } }, "token_agent_mismatch"],
    ["X4: for another key", { claims: { agent_jkt: nextResource.thumbprint } }, "token_key_mismatch"],
    ["that has expired", { claims: { exp: now() - 1 } }, "token_expired"],
    ["valid for too long", { claims: { exp: now() + 900 } }, "malformed_token"],
    ["with an object for typ", { header: { typ: NO_TEXT } }, "token_type_mismatch"],
    ["with an object for kid", { header: { kid: NO_TEXT } }, "malformed_token"],
    ...["iss", "aud", "agent", "agent_jkt", "exp", "scope"].map(
      (name): [string, ResourceTokenOptions, AAuthErrorCode] => [
        `without ${name}`,
        { claims: { [name]: undefined } },
        "token_claim_missing",
      ],
    ),
    ...["aud", "exp", "scope"].map((name): [string, ResourceTokenOptions, AAuthErrorCode] => [
      `with an object for ${name}`,
      { claims: { [name]: NO_TEXT } },
      "malformed_token",
    ]),
  ])("%s", async (_what, token, code) => {
    const resource_token = typeof token === "string" ? token : resource.resourceToken(server, agent, token);
    const description = "Invalid resource_token: ";
    const reply = await agent.ask(server, wish({ resource_token }));
    expectRefusal(reply, 400, "invalid_grant", { code, description });
  });

  test("J1: with an empty signature", async () => {
    const [header, claims] = resource.resourceToken(server, agent).split(".");
    expectRefusal(
      await agent.ask(server, wish({ resource_token: `${header}.${claims}.` })),
      400,
      "invalid_grant",
      { code: "malformed_token", description: "Invalid resource_token: " },
    );
  });

  test("G7: signed with a key that its name has as an agent, not as a resource", async () => {
    const [both, keeper] = await Promise.all([Party.start("both"), Party.start("key-keeper")]);
    keeper.pair = newPair(both.pair.kid);
    keeper.keySet = [jwkOf(keeper.pair)];
    both.resourceMetadata = { jwks_uri: `${keeper.id}/jwks.json` };
    const invalid = { code: "invalid_token_signature", description: "Invalid resource_token: " } as const;
    // The agent's key set is read first, then the resource's, under one name and one key id.
    grantedToken(await both.ask(server, wish({ resource_token: resource.resourceToken(server, both) })));
    const byAgent = both.resourceToken(server, agent);
    expectRefusal(await agent.ask(server, wish({ resource_token: byAgent })), 400, "invalid_grant", invalid);
    const byResource = both.resourceToken(server, agent, { key: keeper.pair.key });
    grantedToken(await agent.ask(server, wish({ resource_token: byResource })));
    const asAgent = wish({ resource_token: resource.resourceToken(server, both) });
    const signingKey = keeper.pair.key;
    expectRefusal(await both.ask(server, asAgent, { signingKey }), 401, "invalid_signature", {
      code: "invalid_signature",
      check: "signature",
    });
    await Promise.all([both.stop(), keeper.stop()]);
  });

  test("of a resource with another's metadata", async () => {
    const liar = await Party.start("liar");
    liar.resourceMetadata = { resource: nextResource.id };
    const resource_token = liar.resourceToken(server, agent);
    expectRefusal(await agent.ask(server, wish({ resource_token })), 400, "invalid_grant", {
      code: "discovery_failed",
      description: "Invalid resource_token: ",
    });
    await liar.stop();
  });
});

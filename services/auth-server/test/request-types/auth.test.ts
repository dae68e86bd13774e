import { type AAuthErrorCode, decodeToken, generateSigningKey } from "aauth";
import { issueAgentToken, verifyAuthToken } from "aauth/issuer";
import { createTestDiscovery } from "aauth/testing";
import { expect, test } from "vitest";
import {
  ASK_FOR_OPTIMIZE,
  BACKEND,
  CALLBACK,
  createParties,
  expectRefusal,
  MARKET_ANALYSIS,
  SUPPLY_CHAIN,
} from "../support/parties.ts";

test("a resource token becomes an auth token that the resource can verify", async () => {
  const { request, resourceToken, server, keys, clock } = await createParties();
  const reply = await request({ request_type: "auth", resource_token: await resourceToken() });
  expect(reply.status).toBe(200);
  expect(Object.keys(reply.body)).toEqual(["auth_token", "expires_in", "token_type"]);
  expect(reply.body).toMatchObject({ expires_in: 300, token_type: "AAuth" });
  expect(reply.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });

  const token = reply.body.auth_token as string;
  const certs = await server.app.inject("/realms/aauth-test/protocol/aauth/certs");
  const discovery = createTestDiscovery({ issuers: { [server.issuer]: { keys: certs.json().keys } } });
  const claims = await verifyAuthToken(token, {
    audience: SUPPLY_CHAIN,
    trustedIssuers: [server.issuer],
    discovery,
    now: clock.now,
  });
  expect(claims).toMatchObject({ agent: BACKEND, scope: "supply-chain:optimize" });
  expect(claims.cnf.jwk.x).toBe(keys[BACKEND]?.publicJwk.x);
  expect(claims.sub).toBeUndefined();
  expect(Object.keys(claims)).toEqual(["exp", "iat", "iss", "aud", "agent", "cnf", "scope", "jti"]);
  expect(decodeToken(token).header).toMatchObject({
    alg: "RS256",
    typ: "auth+jwt",
    kid: certs.json().keys[0].kid,
  });
});

test("auth tokens can be signed with EdDSA; both key sets then have that key, too", async () => {
  const { request, resourceToken, server } = await createParties({
    env: { AUTH_SERVER_AUTH_TOKEN_ALG: "EdDSA" },
  });
  const reply = await request({ request_type: "auth", resource_token: await resourceToken() });
  const { header } = decodeToken(reply.body.auth_token as string);
  expect(header.alg).toBe("EdDSA");
  for (const name of ["aauth", "openid-connect"]) {
    const certs = await server.app.inject(`/realms/aauth-test/protocol/${name}/certs`);
    expect(certs.json().keys.map((key: { alg: string }) => key.alg)).toEqual(["RS256", "EdDSA"]);
    expect(certs.json().keys[1].kid).toBe(header.kid);
    expect(certs.body).not.toContain('"d"');
  }
});

test("the lifetime is the realm's", async () => {
  const { request, resourceToken } = await createParties({ attributes: { "aauth.token.lifespan": "60" } });
  const reply = await request({ request_type: "auth", resource_token: await resourceToken() });
  expect(reply.body.expires_in).toBe(60);
});

test("a delegate is named in the token that it gets", async () => {
  const { request, resourceToken, keys, clock } = await createParties();
  const delegateKey = await generateSigningKey({ kid: "delegate" });
  const jwt = await issueAgentToken({
    key: keys[BACKEND] as never,
    agent: BACKEND,
    delegate: "worker-7",
    confirmationKey: delegateKey.publicJwk,
    now: clock.now,
  });
  const reply = await request(
    { request_type: "auth", resource_token: await resourceToken({ agentJkt: delegateKey.thumbprint }) },
    { key: delegateKey, scheme: { jwt } },
  );
  const { claims } = decodeToken(reply.body.auth_token as string);
  expect(claims).toMatchObject({ agent: BACKEND, agent_delegate: "worker-7" });
});

test("a key alone is an agent of its own name", async () => {
  const { request, resourceToken, keys } = await createParties();
  const agent = `pseudonymous:${keys[BACKEND]?.thumbprint}`;
  const reply = await request(
    { request_type: "auth", resource_token: await resourceToken({ agent }) },
    { scheme: "hwk" },
  );
  expect(decodeToken(reply.body.auth_token as string).claims.agent).toBe(agent);
  expectRefusal(
    await request({ request_type: "auth", scope: "data.read" }, { scheme: "hwk" }),
    401,
    "invalid_request",
    { code: "identity_required", description: "Agent identity not found." },
  );
});

test("an agent that is its own resource gets a token without agent", async () => {
  const { request } = await createParties();
  const reply = await request({ request_type: "auth", scope: "data.read" });
  const { claims } = decodeToken(reply.body.auth_token as string);
  expect(claims).toMatchObject({ aud: BACKEND, scope: "data.read" });
  expect(claims).not.toHaveProperty("agent");
});

test("a scope that needs consent gets a request token instead", async () => {
  const { request, resourceToken } = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const form = {
    request_type: "auth",
    resource_token: await resourceToken(),
    redirect_uri: CALLBACK,
    state: "s",
  };
  const reply = await request(form);
  expect(reply.status).toBe(200);
  expect(Object.keys(reply.body)).toEqual(["expires_in", "request_token", "token_type"]);
  expect(reply.body).toMatchObject({ expires_in: 600, token_type: "AAuth" });
  expect(reply.body.request_token).toMatch(/^[\w-]{43}$/);
});

test("a scope prefix asks for consent as well, and [] asks for none", async () => {
  const { request, resourceToken } = await createParties();
  const asked = await request({
    request_type: "auth",
    resource_token: await resourceToken({ scope: "user.settings" }),
    redirect_uri: CALLBACK,
  });
  expect(asked.body).toHaveProperty("request_token");
  const quiet = await createParties({
    attributes: {
      "aauth.self.agents": JSON.stringify([SUPPLY_CHAIN]),
      "aauth.consent.required.scopes": "[]",
      "aauth.consent.required.scope.prefixes": "[]",
    },
  });
  const direct = await quiet.request({
    request_type: "auth",
    resource_token: await quiet.resourceToken({ scope: "openid user.settings" }),
  });
  expect(direct.body).toHaveProperty("auth_token");
});

test("what is missing or too much is named", async () => {
  const { request, resourceToken } = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const resource_token = await resourceToken();
  const refused = (form: Record<string, string>, text: string) =>
    request({ request_type: "auth", ...form }).then((reply) =>
      expectRefusal(reply, 400, "invalid_request", text),
    );
  await refused({}, "Missing required parameter: resource_token or scope");
  await refused({ resource_token }, "redirect_uri is required when user consent is needed");
  await refused({ resource_token, scope: "a" }, "Only one of resource_token and scope may be given");
  await refused({ auth_request_url: "http://x.localhost" }, "auth_request_url is not supported");
});

test("agents and scopes outside the policy are refused", async () => {
  const scoped = await createParties({ attributes: { "aauth.allowed.scopes": '["data.read"]' } });
  expectRefusal(
    await scoped.request({ request_type: "auth", resource_token: await scoped.resourceToken() }),
    403,
    "access_denied",
    "Authorization denied",
  );
  expectRefusal(
    await scoped.request({ request_type: "auth", scope: "data.read data.write" }),
    400,
    "invalid_scope",
    "One or more requested scopes are not allowed",
  );
  for (const attributes of [
    { "aauth.allowed.agents": JSON.stringify([SUPPLY_CHAIN]) },
    { "aauth.blocked.agents": JSON.stringify([BACKEND]) },
  ]) {
    const { request, resourceToken } = await createParties({ attributes });
    expectRefusal(
      await request({ request_type: "auth", resource_token: await resourceToken() }),
      403,
      "access_denied",
      "Agent is not allowed by policy",
    );
  }
});

test("every fault of a resource token is refused in the words of the profile", async () => {
  const { request, resourceToken, keys, clock, server } = await createParties();
  const refused = async (token: string, code: AAuthErrorCode, description = "") =>
    expectRefusal(await request({ request_type: "auth", resource_token: token }), 400, "invalid_grant", {
      code,
      description: `Invalid resource_token: ${description}`,
    });
  const resign = async (change: { header?: object; claims?: object }) => {
    const { header, claims } = decodeToken(await resourceToken());
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const input = `${encode({ ...header, ...change.header })}.${encode({ ...claims, ...change.claims })}`;
    const signature = await keys[SUPPLY_CHAIN]?.sign(Buffer.from(input));
    return `${input}.${Buffer.from(signature ?? []).toString("base64url")}`;
  };
  await refused("nonsense", "malformed_token");
  await refused(
    await resign({ header: { typ: "auth+jwt" } }),
    "token_type_mismatch",
    "Invalid token type, expected 'resource+jwt', got: auth+jwt",
  );
  for (const name of ["iss", "aud", "agent", "agent_jkt", "exp", "scope"]) {
    await refused(
      await resign({ claims: { [name]: undefined } }),
      "token_claim_missing",
      `Missing '${name}' claim in resource token`,
    );
  }
  await refused(
    await resign({ claims: { iss: "http://nobody.localhost:1" } }),
    "discovery_failed",
    "Failed to fetch resource metadata or jwks_uri not found",
  );
  await refused(
    await resign({ header: { kid: "other" } }),
    "unknown_key",
    "Signing key with kid='other' not found in resource JWKS",
  );
  await refused(
    await resourceToken({ authServer: "http://other.localhost" }),
    "token_audience_mismatch",
    `Resource token audience mismatch: expected ${server.issuer}, got http://other.localhost`,
  );
  await refused(
    await resourceToken({ agent: MARKET_ANALYSIS }),
    "token_agent_mismatch",
    `Resource token agent mismatch: expected ${BACKEND}, got ${MARKET_ANALYSIS}`,
  );
  await refused(
    await resourceToken({ agentJkt: "other" }),
    "token_key_mismatch",
    "Resource token agent_jkt mismatch",
  );
  const old = await resourceToken();
  clock.advance(300);
  await refused(old, "token_expired", "Resource token has expired");
});

test.each([
  ["longer than 2048 characters", "s".repeat(2049)],
  ["a space before", " a"],
  ["a space after", "a "],
  ["two spaces", "a  b"],
  ["a tab", "a\tb"],
  ["a line end", "a\nb"],
  ["a quote", 'a"b'],
  ["a backslash", "a\\b"],
  ["a mark that turns the text around", "a\u202eb"],
  ["a character that is not seen", "a\u200bb"],
  ["a space that is none", "a\u00a0b"],
  ["a letter beyond ASCII", "é"],
  ["a control character", "a\u007f"],
])("scopes are no longer than they need to be, and printable words: %s", async (_, scope) => {
  const { request, resourceToken } = await createParties();
  expectRefusal(
    await request({ request_type: "auth", scope }),
    400,
    "invalid_scope",
    "scope is malformed or too long",
  );
  expectRefusal(
    await request({ request_type: "auth", resource_token: await resourceToken({ scope }) }),
    400,
    "invalid_grant",
    { code: "malformed_token", description: "Invalid resource_token: " },
  );
});

test("scopes of 2048 characters, of all that may be in one, are granted as asked for", async () => {
  const { request, resourceToken } = await createParties();
  const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));
  const word = visible.replace(/["\\]/g, "");
  const scope = `${word} ${"s".repeat(2047 - word.length)}`;
  const own = await request({ request_type: "auth", scope });
  const asked = await request({ request_type: "auth", resource_token: await resourceToken({ scope }) });
  for (const { body } of [own, asked]) {
    expect(decodeToken(body.auth_token as string).claims.scope).toBe(scope);
  }
});

test("a resource token that asks for something other than scopes is refused", async () => {
  const { request, resourceToken, keys } = await createParties();
  const { header, claims } = decodeToken(await resourceToken());
  const parts = [header, { ...claims, scope: undefined, auth_request_url: "https://resource.example/ask" }];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = await keys[SUPPLY_CHAIN]?.sign(Buffer.from(input));
  const resource_token = `${input}.${Buffer.from(signature ?? []).toString("base64url")}`;
  expectRefusal(await request({ request_type: "auth", resource_token }), 400, "invalid_grant", {
    code: "token_claim_missing",
    description: "Invalid resource_token: Missing 'scope' claim in resource token",
  });
});

test("J7: a scope outside the policy is refused before any user is asked", async () => {
  const { request, resourceToken } = await createParties({
    attributes: { ...ASK_FOR_OPTIMIZE, "aauth.allowed.scopes": '["data.read"]' },
  });
  expectRefusal(
    await request({ request_type: "auth", resource_token: await resourceToken(), redirect_uri: CALLBACK }),
    403,
    "access_denied",
    "Authorization denied",
  );
});

test("J9: a request with an unpublished redirect_uri gets no request token", async () => {
  const { request, resourceToken } = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  expectRefusal(
    await request({
      request_type: "auth",
      resource_token: await resourceToken(),
      redirect_uri: "https://evil.example/",
    }),
    400,
    "invalid_request",
    "redirect_uri is not registered for this agent",
  );
});

import { type AAuthErrorCode, decodeToken } from "aauth";
import { verifyAuthToken } from "aauth/issuer";
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

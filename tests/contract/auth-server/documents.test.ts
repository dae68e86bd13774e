/**
 * Documents of an auth server, and the OpenID endpoints that the demo's services and page rely on
 * (profile 5).
 */

import { createPublicKey } from "node:crypto";
import { expect, test } from "vitest";
import { verifiedToken } from "./verified-token.ts";
import { startWorld } from "./world.ts";

const { server } = await startWorld();
const { issuer } = server;
const OIDC = `${issuer}/protocol/openid-connect`;
const DEMO_PAGE = "http://localhost:3050";

async function json(url: string): Promise<Record<string, unknown>> {
  const reply = await fetch(url);
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toMatch(/^application\/json/);
  return (await reply.json()) as Record<string, unknown>;
}

async function keysAt(url: string) {
  return ((await json(url)) as { keys: Record<string, string>[] }).keys;
}

function directGrant(form: Record<string, string> = {}) {
  return fetch(`${OIDC}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "supply-chain-ui",
      username: "mcp-user",
      password: "user123",
      scope: "openid profile email",
      ...form,
    }),
  });
}

test("the issuer document: these members, in this order", async () => {
  const document = await json(`${issuer}/.well-known/aauth-issuer`);
  expect(document).toEqual({
    issuer,
    jwks_uri: `${issuer}/protocol/aauth/certs`,
    agent_token_endpoint: server.tokenEndpoint,
    agent_auth_endpoint: server.authEndpoint,
    agent_signing_algs_supported: ["ed25519"],
    request_types_supported: ["auth", "code", "refresh", "exchange"],
    scopes_supported: [],
  });
  expect(Object.keys(document)).toEqual([
    "issuer",
    "jwks_uri",
    "agent_token_endpoint",
    "agent_auth_endpoint",
    "agent_signing_algs_supported",
    "request_types_supported",
    "scopes_supported",
  ]);
});

test("a realm that is not there has no document", async () => {
  expect((await fetch(`${server.origin}/realms/nobody/.well-known/aauth-issuer`)).status).toBe(404);
});

test("any page may read the documents", async () => {
  for (const path of ["/.well-known/aauth-issuer", "/protocol/aauth/certs"]) {
    const reply = await fetch(issuer + path, { headers: { origin: "http://page.example" } });
    expect(reply.headers.get("access-control-allow-origin")).toMatch(/^(\*|http:\/\/page\.example)$/);
  }
});

test("the realm's RSA key is in both key sets and in the realm's description, and no private part of it", async () => {
  const [aauth, oidc] = await Promise.all([
    keysAt(`${issuer}/protocol/aauth/certs`),
    keysAt(`${OIDC}/certs`),
  ]);
  const realm = await json(issuer);
  expect(realm.realm).toBe("aauth-test");
  const spki = (key: object) =>
    createPublicKey({ key: key as never, format: "jwk" }).export({ type: "spki", format: "der" });
  const key = aauth.find((jwk) => spki(jwk).toString("base64") === realm.public_key);
  expect(key).toMatchObject({ kty: "RSA", alg: "RS256", use: "sig", kid: expect.any(String) });
  expect(oidc.find(({ kid }) => kid === key?.kid)).toMatchObject({ n: key?.n, e: key?.e });
  for (const jwk of aauth) expect(Object.keys(jwk)).not.toContain("d");
});

test("key sets have signature keys only, and every one has a kid", async () => {
  for (const key of await keysAt(`${issuer}/protocol/aauth/certs`)) {
    expect(key).toMatchObject({ use: "sig", kid: expect.any(String) });
  }
});

test("OpenID discovery names the addresses that the page and the services use", async () => {
  expect(await json(`${issuer}/.well-known/openid-configuration`)).toMatchObject({
    issuer,
    authorization_endpoint: `${OIDC}/auth`,
    token_endpoint: `${OIDC}/token`,
    jwks_uri: `${OIDC}/certs`,
    end_session_endpoint: `${OIDC}/logout`,
    code_challenge_methods_supported: expect.arrayContaining(["S256"]),
    grant_types_supported: expect.arrayContaining(["authorization_code", "refresh_token", "password"]),
  });
});

test("a user's access token: a JWT for `account` that the key set verifies, with the claims the backend reads", async () => {
  const reply = await directGrant();
  expect(reply.status).toBe(200);
  expect(reply.headers.get("cache-control")).toContain("no-store");
  const body = (await reply.json()) as { access_token: string; expires_in: number; token_type: string };
  expect(body.token_type).toBe("Bearer");
  // Remaining lifetime when the answer is written: a busy Keycloak may need a second for it.
  expect(300 - body.expires_in).toBeGreaterThanOrEqual(0);
  expect(300 - body.expires_in).toBeLessThanOrEqual(2);
  const { header, claims } = await verifiedToken(body.access_token, `${OIDC}/certs`);
  expect(header.typ).toBe("JWT");
  expect(claims).toMatchObject({
    iss: issuer,
    aud: "account",
    sub: "6f0f3f4e-3a0b-4c7e-9c43-5f7d5b1f8a11",
    typ: "Bearer",
    azp: "supply-chain-ui",
    "allowed-origins": [DEMO_PAGE],
    realm_access: { roles: expect.arrayContaining(["default-roles-aauth-test"]) },
    email_verified: true,
    name: "mcp user",
    preferred_username: "mcp-user",
    given_name: "mcp",
    family_name: "user",
    email: "mcp@user.com",
  });
  expect(Number(claims.exp) - Number(claims.iat)).toBe(300);
});

test("a wrong password is refused", async () => {
  const reply = await directGrant({ password: "wrong" });
  expect(reply.status).toBe(400);
  expect(await reply.json()).toMatchObject({ error: "invalid_grant" });
});

test("a page that is not the realm's client may not read tokens", async () => {
  const preflight = (origin: string) =>
    fetch(server.tokenEndpoint, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  expect((await preflight("http://page.example")).headers.get("access-control-allow-origin")).toBeNull();
});

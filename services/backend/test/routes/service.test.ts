import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
beforeAll(async () => {
  stack = await startScriptedStack();
});
afterAll(() => stack.close());

const get = async (url: string) => (await stack.app.inject({ url })).json();

it("names itself as the demo does", async () => {
  expect(await get("/")).toEqual({ message: "Supply Chain Agent API", version: "1.0.0" });
  expect(await get("/health")).toEqual({ status: "healthy", service: "supply-chain-api" });
  expect(await get("/auth/health")).toEqual({
    status: "healthy",
    service: "keycloak-auth",
    keycloak_url: expect.any(String),
    realm: "aauth-test",
  });
});

it("publishes its identity, its redirect address and its public key", async () => {
  expect(await get("/.well-known/aauth-agent")).toEqual({
    agent: "http://backend.localhost:8000",
    jwks_uri: "http://backend.localhost:8000/jwks.json",
    redirect_uris: [
      "http://backend.localhost:8000/auth/aauth/callback",
      "http://backend.localhost:8000/auth/aauth/interaction",
    ],
    name: "AcmeCorp Supply Chain",
    homepage: "http://localhost:3050",
  });
  const jwks = await get("/jwks.json");
  expect(jwks).toEqual({
    keys: [{ kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: "backend-ephemeral-1" }],
  });
});

it("shows the signed-in user", async () => {
  const token = await stack.userToken("alice", {
    email: "a@example.com",
    realm_access: { roles: ["planner"] },
  });
  const response = await stack.app.inject({ url: "/auth/me", headers: { authorization: `bearer ${token}` } });
  expect(response.json()).toEqual({
    id: "alice",
    username: "alice",
    email: "a@example.com",
    role: "planner",
    is_active: true,
  });
});

it("answers an unknown path with 404 and a detail", async () => {
  const response = await stack.app.inject({ url: "/nope" });
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({ detail: expect.any(String) });
});

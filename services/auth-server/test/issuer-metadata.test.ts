import { expect, test } from "vitest";
import { startInjected } from "./support/auth-server.ts";

test("the issuer document names every endpoint below the issuer, and each is there", async () => {
  const { app, issuer } = await startInjected();
  const reply = await app.inject({
    url: "/realms/aauth-test/.well-known/aauth-issuer",
    headers: { origin: "http://x.example" },
  });
  expect(reply.headers["access-control-allow-origin"]).toBe("*");
  const document = reply.json();
  expect(document).toEqual({
    issuer,
    jwks_uri: `${issuer}/protocol/aauth/certs`,
    agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
    agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    agent_signing_algs_supported: ["ed25519"],
    request_types_supported: ["auth", "code", "refresh", "exchange"],
    scopes_supported: [],
  });
  expect((await app.inject(new URL(document.jwks_uri).pathname)).statusCode).toBe(200);
  expect((await app.inject(new URL(document.agent_auth_endpoint).pathname)).statusCode).toBe(400);
});

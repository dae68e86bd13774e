import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { realmWith, startInjected } from "./support/auth-server.ts";

const REALM = "/realms/aauth-test";
const OIDC = `${REALM}/protocol/openid-connect`;

test("a realm that is not enabled signs nobody in, gives no tokens and has no documents", async () => {
  const { app } = await startInjected({ env: await realmWith({ enabled: false }) });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const payload = "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=user123";
  const answers = await Promise.all([
    app.inject({ method: "POST", url: `${OIDC}/token`, headers, payload }),
    app.inject({
      method: "POST",
      url: "/realms/aauth%2Dtest/protocol/openid-connect/token",
      headers,
      payload,
    }),
    ...[
      "",
      "/protocol/openid-connect/certs",
      "/.well-known/openid-configuration",
      "/.well-known/aauth-issuer",
    ].map((path) => app.inject(REALM + path)),
    app.inject(`${OIDC}/userinfo`),
    app.inject(`${OIDC}/auth?client_id=supply-chain-ui`),
    app.inject(`${REALM}/login-actions/authenticate/x`),
    app.inject({ method: "POST", url: `${REALM}/protocol/aauth/agent/token`, headers, payload }),
  ]);
  for (const answer of answers) {
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual({ error: "access_denied", error_description: "Realm not enabled" });
  }
  const page = await app.inject({ url: `${OIDC}/auth`, headers: { accept: "text/html" } });
  expect(page.statusCode).toBe(403);
  expect(page.body).toContain("Realm not enabled");
  expect((await app.inject("/health")).statusCode).toBe(200);
});

test("pages of a client that is switched off read no answers with tokens in them", async () => {
  const demo = await readFile((await realmWith({})).AUTH_SERVER_REALM_FILE as string, "utf8");
  const { clients } = JSON.parse(demo);
  const off = { ...clients[0], clientId: "off", enabled: false, webOrigins: ["http://localhost:3999"] };
  const { app } = await startInjected({ env: await realmWith({ clients: [...clients, off] }) });
  const allowed = async (origin: string) =>
    (await app.inject({ url: `${OIDC}/userinfo`, headers: { origin } })).headers[
      "access-control-allow-origin"
    ];
  expect(await allowed("http://localhost:3050")).toBe("http://localhost:3050");
  expect(await allowed("http://localhost:3999")).toBeUndefined();
});

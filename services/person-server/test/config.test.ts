import { expect, test } from "vitest";
import { buildPersonServer } from "../src/app.ts";
import { originOf } from "../src/config.ts";
import { testConfig } from "./support/person-server.ts";
import { createTestSignIn } from "./support/test-sign-in.ts";

test("an unset environment has the demo's addresses, and names no resource", () => {
  const config = testConfig({ PERSON_SERVER_RESOURCES: "", PERSON_SERVER_SIGN_IN_PAGES: "" });
  expect(config).toMatchObject({
    port: 8081,
    id: "https://person-server.localhost",
    oidcIssuer: "http://localhost:8080/realms/aauth-test",
    resources: [],
    signInPages: [],
    accessServerResources: [],
  });
  expect(originOf(config)).toBe("http://localhost:8081");
});

test.each([
  ["PERSON_SERVER_ID", "https://ps.example:8443"],
  ["PERSON_SERVER_ID", "http://ps.example"],
  ["PERSON_SERVER_URL", "http://ps.example"],
  ["PERSON_SERVER_URL", "https://ps.example/path"],
  ["PERSON_SERVER_OIDC_ISSUER", "provider.example"],
  ["PERSON_SERVER_OIDC_SCOPES", "profile email"],
  ["PERSON_SERVER_APPLICATIONS", "javascript:alert(1)"],
  ["PERSON_SERVER_RESOURCES", "https://resource.example/path"],
  ["PERSON_SERVER_SIGN_IN_PAGES", "http://resource.example/page"],
  ["PERSON_SERVER_BLOCKED_AGENTS", "agent.example"],
  ["PERSON_SERVER_CONSENT_SCOPES", '"quoted"'],
  ["PERSON_SERVER_CONSENT_SECONDS", "3601"],
  ["PERSON_SERVER_ACCESS_SERVERS", "https://as.example,https://AS.example"],
  ["ACCESS_SERVER_ID", "https://as.example/"],
  ["ACCESS_SERVER_RESOURCES", "resource.example"],
  ["ACCESS_SERVER_PERSON_SERVERS", "ps.example"],
  ["AAUTH_ENDPOINTS", "https://ps.example"],
])("%s refuses %s", (name, value) => {
  expect(() => testConfig({ [name]: value })).toThrow(name);
});

test("person server and access server need two identifiers", async () => {
  const config = testConfig({ ACCESS_SERVER_ID: "https://person-server.localhost" });
  await expect(buildPersonServer(config)).rejects.toThrow("ACCESS_SERVER_ID");
});

test("U14: an identifier on the host of the server's own origin has its pages there, whatever the port", async () => {
  const env = { PERSON_SERVER_ID: "https://ps.example", PERSON_SERVER_URL: "https://ps.example:8443" };
  const app = await buildPersonServer(testConfig(env), { signIn: createTestSignIn });
  const location = async (host: string) =>
    (await app.inject({ url: "/granted", headers: { host } })).headers.location;
  expect(await location("ps.example:8443")).toMatch(/^\/test-sign-in/);
  expect(await location("access-server.localhost")).toBe("https://ps.example:8443/granted");
  await app.close();
});

test("the access server is served where resources are named for it", async () => {
  const status = async (env: Record<string, string>) => {
    const app = await buildPersonServer(testConfig(env), { signIn: createTestSignIn });
    const headers = { host: "access-server.localhost:8081" };
    const reply = await app.inject({ url: "/.well-known/aauth-access.json", headers });
    await app.close();
    return reply.statusCode;
  };
  expect(await status({})).toBe(404);
  expect(await status({ ACCESS_SERVER_RESOURCES: "https://resource.example" })).toBe(200);
});

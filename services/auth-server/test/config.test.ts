import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildAuthServer } from "../src/app.ts";
import { hasDemoUsers, originOf } from "../src/config.ts";
import { loadRealm } from "../src/realm/realm-state.ts";
import { startInjected, testConfig } from "./support/auth-server.ts";

test("an unset environment is the demo", () => {
  expect(testConfig()).toMatchObject({ host: "127.0.0.1", port: 8080 });
  expect(originOf(testConfig())).toBe("http://localhost:8080");
});

test("V70: the published password is shown for the demo's own realm file alone, and on this machine alone", () => {
  expect(hasDemoUsers(testConfig())).toBe(true);
  expect(hasDemoUsers(testConfig({ AUTH_SERVER_REALM_FILE: "/own/realm.json" }))).toBe(false);
  expect(hasDemoUsers(testConfig({ AUTH_SERVER_URL: "https://auth.example" }))).toBe(false);
  expect(hasDemoUsers(testConfig({ HOST: "0.0.0.0" }))).toBe(false);
});

test("the origin follows the port where no other is set", () => {
  const config = testConfig({ AUTH_SERVER_PORT: "8090" });
  expect(originOf(config)).toBe("http://localhost:8090");
  expect(originOf({ ...config, url: "https://auth.example" })).toBe("https://auth.example");
});

test("plain http is for loopback only", () => {
  expect(() => testConfig({ AUTH_SERVER_URL: "http://auth.example" })).toThrow("AUTH_SERVER_URL");
  expect(() => testConfig({ AUTH_SERVER_URL: "http://localhost.evil.example" })).toThrow("AUTH_SERVER_URL");
  expect(() => testConfig({ AUTH_SERVER_URL: "https://auth.example/path" })).toThrow("AUTH_SERVER_URL");
  expect(testConfig({ AUTH_SERVER_URL: "https://auth.example" }).url).toBe("https://auth.example");
  expect(testConfig({ AUTH_SERVER_URL: "http://auth.localhost:8080" }).url).toBe(
    "http://auth.localhost:8080",
  );
});

test("J16: a realm file that cannot be used stops the start and names the setting", async () => {
  const folder = await mkdtemp(join(tmpdir(), "realm-"));
  const file = join(folder, "realm.json");
  const start = (content: string) =>
    writeFile(file, content).then(() => buildAuthServer(testConfig({ AUTH_SERVER_REALM_FILE: file })));
  const broken = start(JSON.stringify({ realm: "r", attributes: { "aauth.allowed.agents": "http://a" } }));
  await expect(broken).rejects.toMatchObject({
    code: "invalid_configuration",
    problems: [
      {
        name: "AUTH_SERVER_REALM_FILE",
        message: expect.stringContaining("aauth.allowed.agents: expected a JSON array"),
      },
    ],
  });
  await expect(start("{")).rejects.toThrow("not JSON");
  await expect(
    buildAuthServer(testConfig({ AUTH_SERVER_REALM_FILE: join(folder, "missing.json") })),
  ).rejects.toThrow("missing.json");
});

test("the scopes that need consent can be set from outside; a malformed scope stops the start", async () => {
  const consentScopes = async (env: Record<string, string>) => {
    const config = testConfig(env);
    return (await loadRealm(config)).policy().consentScopes;
  };
  expect(await consentScopes({})).toEqual(["openid", "profile", "email"]);
  expect(await consentScopes({ AUTH_SERVER_CONSENT_SCOPES: "" })).toEqual(["openid", "profile", "email"]);
  expect(await consentScopes({ AUTH_SERVER_CONSENT_SCOPES: "supply-chain:optimize, a" })).toEqual([
    "supply-chain:optimize",
    "a",
  ]);
  for (const malformed of [",", '"quoted"', "ümlaut", "back\\slash"]) {
    expect(() => testConfig({ AUTH_SERVER_CONSENT_SCOPES: malformed })).toThrow("AUTH_SERVER_CONSENT_SCOPES");
  }
});

test("the lists of agents for identities and for exchange can be set from outside", async () => {
  const lists = async (env: Record<string, string>) => {
    const { selfAgents, exchangeAgents } = (await loadRealm(testConfig(env))).policy();
    return [selfAgents, exchangeAgents];
  };
  const ofTheFile = ["http://supply-chain-agent.localhost:3000"];
  expect(await lists({})).toEqual([ofTheFile, ofTheFile]);
  expect(await lists({ AUTH_SERVER_SELF_AGENTS: "http://a.localhost http://b.localhost" })).toEqual([
    ["http://a.localhost", "http://b.localhost"],
    ofTheFile,
  ]);
  expect(await lists({ AUTH_SERVER_EXCHANGE_AGENTS: "http://a.localhost" })).toEqual([
    ofTheFile,
    ["http://a.localhost"],
  ]);
});

test("a request waits for consent for a bounded time", () => {
  expect(testConfig().consentSeconds).toBe(600);
  for (const seconds of ["0", "3601", "ten"]) {
    expect(() => testConfig({ AUTH_SERVER_CONSENT_SECONDS: seconds })).toThrow("AUTH_SERVER_CONSENT_SECONDS");
  }
});

test("S15: with draft -11 no endpoint and no document of February's is served, whatever is asked", async () => {
  const { app } = await startInjected({ env: { AAUTH_PROFILE: "draft-11" } });
  const statusOf = async (path: string, payload?: string) => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const url = `/realms/aauth-test${path}`;
    const reply = await app.inject(
      payload === undefined ? { url } : { method: "POST", url, headers: form, payload },
    );
    return reply.statusCode;
  };
  const form = "request_type=auth";
  expect(await statusOf("/protocol/aauth/agent/token", form)).toBe(404);
  expect(await statusOf("/protocol/aauth/agent/revoke", form)).toBe(404);
  expect(await statusOf("/protocol/aauth/agent/auth/consent", form)).toBe(404);
  expect(await statusOf("/protocol/aauth/agent/auth?request_token=x")).toBe(404);
  expect(await statusOf("/protocol/aauth/agent/auth/signed-in")).toBe(404);
  expect(await statusOf("/protocol/aauth/certs")).toBe(404);
  expect(await statusOf("/.well-known/aauth-issuer")).toBe(404);
  expect(await statusOf("/protocol/openid-connect/certs")).toBe(200);
});

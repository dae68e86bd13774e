import { decodeToken } from "aauth";
import { createTestClock } from "aauth/testing";
import { memoryKeys } from "agent-kit/service";
import { createRsaKeys } from "issuer-kit/openid";
import { expect, test } from "vitest";
import { startInjected, type TestServer } from "../support/auth-server.ts";
import { BACKEND, createParties, SUPPLY_CHAIN } from "../support/parties.ts";

const REALM = "/realms/aauth-test";
const ADMIN = "/admin/realms/aauth-test";
const NEW_KEY = { providerType: "org.keycloak.keys.KeyProvider", providerId: "rsa-generated", name: "rsa-2" };

async function startRotating() {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const keys = await createRsaKeys(memoryKeys(), "auth-server", { keepSeconds: () => 300, now: clock.now });
  const server = await startInjected({ clock, rsaKeys: keys });
  return { clock, keys, server };
}

async function adminHeaders({ app }: TestServer) {
  const reply = await app.inject({
    method: "POST",
    url: "/realms/master/protocol/openid-connect/token",
    headers: { host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" },
    payload: "grant_type=password&client_id=admin-cli&username=admin&password=admin",
  });
  return { host: "localhost:8080", authorization: `Bearer ${reply.json().access_token}` };
}

async function rotateByAdmin(server: TestServer, component: object = NEW_KEY) {
  const headers = await adminHeaders(server);
  return server.app.inject({ method: "POST", url: `${ADMIN}/components`, headers, payload: component });
}

async function publishedKids({ app }: TestServer): Promise<string[]> {
  const sets = await Promise.all(
    ["/protocol/openid-connect/certs", "/protocol/aauth/certs"].map(async (path) =>
      (await app.inject(`${REALM}${path}`)).json().keys.map(({ kid }: { kid: string }) => kid),
    ),
  );
  expect(sets[0]).toEqual(sets[1]);
  return sets[0];
}

async function userTokens({ app }: TestServer) {
  const reply = await app.inject({
    method: "POST",
    url: `${REALM}/protocol/openid-connect/token`,
    headers: { host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" },
    payload: "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=user123&scope=openid",
  });
  expect(reply.statusCode).toBe(200);
  return reply.json() as { access_token: string; refresh_token: string };
}

const kidOf = (token: string) => decodeToken(token).header.kid;

test("a new realm key is published at once and signs users' tokens a moment later; the old one is removed after its tokens", async () => {
  const { clock, server } = await startRotating();
  const [first] = await publishedKids(server);
  expect((await rotateByAdmin(server)).statusCode).toBe(201);
  const kids = await publishedKids(server);
  expect(kids).toEqual([expect.not.stringContaining(first!), first]);
  const before = await userTokens(server);
  expect(kidOf(before.access_token)).toBe(first);

  clock.advance(12);
  const after = await userTokens(server);
  expect(kidOf(after.access_token)).toBe(kids[0]);
  clock.advance(300);
  expect(await publishedKids(server)).toEqual([kids[0]]);
});

test("a refresh token from before the rotation works after it", async () => {
  const { clock, server } = await startRotating();
  const { refresh_token } = await userTokens(server);
  await rotateByAdmin(server);
  clock.advance(12);
  const reply = await server.app.inject({
    method: "POST",
    url: `${REALM}/protocol/openid-connect/token`,
    headers: { host: "localhost:8080", "content-type": "application/x-www-form-urlencoded" },
    payload: `grant_type=refresh_token&client_id=supply-chain-ui&refresh_token=${refresh_token}`,
  });
  expect(reply.json()).toMatchObject({ token_type: "Bearer" });
  expect(kidOf(reply.json().access_token)).toBe((await publishedKids(server))[0]);
});

test("auth tokens are signed with the new key", async () => {
  const clock = createTestClock(Math.floor(Date.now() / 1000));
  const keys = await createRsaKeys(memoryKeys(), "auth-server", { now: clock.now });
  const parties = await createParties({ clock, rsaKeys: keys });
  const authToken = async () => {
    const resource_token = await parties.resourceToken();
    const reply = await parties.request({ request_type: "auth", resource_token });
    return reply.body.auth_token as string;
  };
  const first = await authToken();
  await keys.rotate();
  expect(kidOf(await authToken())).toBe(kidOf(first));
  clock.advance(12);
  const second = await authToken();
  expect(kidOf(second)).not.toBe(kidOf(first));
  expect(decodeToken(second).claims).toMatchObject({ aud: SUPPLY_CHAIN, agent: BACKEND });
  expect(keys.publicJwks.map(({ kid }) => kid)).toEqual(
    expect.arrayContaining([kidOf(first), kidOf(second)]),
  );
});

test("only the administrator makes keys, and only keys", async () => {
  const { server } = await startRotating();
  const url = `${ADMIN}/components`;
  const headers = { host: "localhost:8080" };
  const unsigned = await server.app.inject({ method: "POST", url, headers, payload: NEW_KEY });
  expect(unsigned.statusCode).toBe(401);
  expect((await rotateByAdmin(server, { ...NEW_KEY, providerId: "ldap" })).statusCode).toBe(400);
  expect(await publishedKids(server)).toHaveLength(1);
});

test("more keys than verifiers read are refused", async () => {
  const { keys } = await startRotating();
  const rotate = () => Promise.reject(new RangeError("too many"));
  const full = await startInjected({ rsaKeys: { ...keys, rotate } });
  const reply = await rotateByAdmin(full);
  expect([reply.statusCode, reply.json()]).toEqual([409, { errorMessage: "too many" }]);
});

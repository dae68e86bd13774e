import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { realmWith, startInjected, type TestServer } from "../support/auth-server.ts";
import { setAttributes } from "../support/parties.ts";

const HOST = "localhost:8080";
const REALM = "/admin/realms/aauth-test";

function login(
  { app }: TestServer,
  form: Record<string, string> = {},
  more: { host?: string; remoteAddress?: string } = {},
) {
  const { host = HOST, remoteAddress } = more;
  return app.inject({
    method: "POST",
    url: "/realms/master/protocol/openid-connect/token",
    headers: { host, "content-type": "application/x-www-form-urlencoded" },
    payload: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password: "admin",
      ...form,
    }).toString(),
    ...(remoteAddress !== undefined && { remoteAddress }),
  });
}

test("an administrator reads and replaces the attributes, which apply at once", async () => {
  const server = await startInjected();
  const loggedIn = await login(server);
  const token = loggedIn.json().access_token;
  const headers = { host: HOST, authorization: `Bearer ${token}` };
  const shown = await server.app.inject({ url: REALM, headers });
  for (const reply of [loggedIn, shown]) {
    expect(reply.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  }
  const before = shown.json();
  expect(before).toMatchObject({ realm: "aauth-test", enabled: true });
  const update = await server.app.inject({
    method: "PUT",
    url: REALM,
    headers,
    payload: { attributes: { "aauth.token.lifespan": "60" } },
  });
  expect(update.statusCode).toBe(204);
  const after = (await server.app.inject({ url: REALM, headers })).json();
  expect(after.attributes).toEqual({ "aauth.token.lifespan": "60" });
});

test.each([{ toString: 1 }, ["admin"]])(
  "a name or password that is not a string is wrong: %j",
  async (odd) => {
    const { app } = await startInjected();
    for (const name of ["username", "password"]) {
      const reply = await app.inject({
        method: "POST",
        url: "/realms/master/protocol/openid-connect/token",
        headers: { host: HOST },
        payload: {
          grant_type: "password",
          client_id: "admin-cli",
          username: "admin",
          password: "admin",
          [name]: odd,
        },
      });
      expect([reply.statusCode, reply.json().error]).toEqual([400, "invalid_grant"]);
    }
  },
);

test("invalid attributes change nothing", async () => {
  const server = await startInjected();
  await setAttributes(server, { "aauth.token.lifespan": "60" });
  const headers = { host: HOST, authorization: `Bearer ${(await login(server)).json().access_token}` };
  for (const payload of [
    { attributes: { "aauth.allowed.agents": "http://agent.example" } },
    { attributes: { "aauth.enabled": true } },
    { attributes: [] },
  ]) {
    const reply = await server.app.inject({ method: "PUT", url: REALM, headers, payload });
    expect(reply.statusCode).toBe(400);
    expect(reply.json().errorMessage).toEqual(expect.any(String));
  }
  const now = (await server.app.inject({ url: REALM, headers })).json();
  expect(now.attributes["aauth.token.lifespan"]).toBe("60");
});

test("without an administrator's token nothing can be read or changed", async () => {
  const server = await startInjected();
  const user = await server.app.inject({
    method: "POST",
    url: "/realms/aauth-test/protocol/openid-connect/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: "grant_type=password&client_id=supply-chain-ui&username=mcp-user&password=user123",
  });
  const { access_token } = user.json();
  for (const authorization of [undefined, "Bearer wrong", `Bearer ${access_token}`]) {
    const headers = { host: HOST, ...(authorization && { authorization }) };
    expect((await server.app.inject({ url: REALM, headers })).statusCode).toBe(401);
    const change = { method: "PUT", url: REALM, headers, payload: { attributes: {} } } as const;
    expect((await server.app.inject(change)).statusCode).toBe(401);
  }
});

test("wrong credentials, clients and grants are refused; a token lasts 60 seconds", async () => {
  const server = await startInjected();
  expect((await login(server, { password: "x" })).statusCode).toBe(400);
  expect((await login(server, { username: "root" })).statusCode).toBe(400);
  expect((await login(server, { client_id: "supply-chain-ui" })).statusCode).toBe(401);
  expect((await login(server, { grant_type: "client_credentials" })).statusCode).toBe(400);
  const headers = { host: HOST, authorization: `Bearer ${(await login(server)).json().access_token}` };
  server.clock.advance(60);
  expect((await server.app.inject({ url: REALM, headers })).statusCode).toBe(401);
});

test("only this machine is answered, and only under the server's own name", async () => {
  const server = await startInjected();
  expect((await login(server, {}, { remoteAddress: "192.0.2.7" })).statusCode).toBe(403);
  expect((await login(server, {}, { remoteAddress: "::ffff:192.0.2.7" })).statusCode).toBe(403);
  expect((await login(server, {}, { host: "rebound.example:8080" })).statusCode).toBe(403);
  for (const remoteAddress of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    expect((await login(server, {}, { remoteAddress })).statusCode).toBe(200);
  }
});

test("it is not there where the server is for others", async () => {
  const server = await startInjected({ env: { AUTH_SERVER_URL: "https://auth.example" } });
  expect((await login(server, {}, { host: "auth.example" })).statusCode).toBe(404);
});

test("with its own password it answers every caller that has it, and refuses the well-known one", async () => {
  const adminPasswordFile = join(await mkdtemp(join(tmpdir(), "auth-server-")), "password");
  await writeFile(adminPasswordFile, "a-password-of-its-own\n");
  const server = await startInjected({ env: { AUTH_SERVER_ADMIN_PASSWORD_FILE: adminPasswordFile } });
  const elsewhere = { remoteAddress: "172.17.0.1" };
  expect((await login(server, {}, elsewhere)).statusCode).toBe(400);
  expect((await login(server)).statusCode).toBe(400);
  expect((await login(server, { password: "a-password-of-its-own" }, elsewhere)).statusCode).toBe(200);
});

test("attempts at its own password are limited, too", async () => {
  const adminPasswordFile = join(await mkdtemp(join(tmpdir(), "auth-server-")), "password");
  await writeFile(adminPasswordFile, "a-password-of-its-own");
  const realm = await realmWith({ failureFactor: 3 });
  const server = await startInjected({
    env: { ...realm, AUTH_SERVER_ADMIN_PASSWORD_FILE: adminPasswordFile },
  });
  const right = { password: "a-password-of-its-own" };
  expect((await login(server, { ...right, username: "root" })).statusCode).toBe(400);
  for (let guess = 0; guess < 3; guess++) expect((await login(server)).statusCode).toBe(400);
  const locked = await login(server, right);
  expect([locked.statusCode, locked.json().error]).toEqual([400, "invalid_grant"]);
  server.clock.advance(900);
  expect((await login(server, right)).statusCode).toBe(200);
});

test("the well-known password has no limit: wrong ones lock no user of this machine out", async () => {
  const server = await startInjected();
  for (let guess = 0; guess < 30; guess++) await login(server, { password: "x" });
  expect((await login(server)).statusCode).toBe(200);
});

test("a password file that is not there, or empty, stops the start by its variable's name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auth-server-"));
  const empty = join(folder, "empty");
  await writeFile(empty, "\n");
  for (const adminPasswordFile of [join(folder, "missing"), empty]) {
    await expect(
      startInjected({ env: { AUTH_SERVER_ADMIN_PASSWORD_FILE: adminPasswordFile } }),
    ).rejects.toThrow("AUTH_SERVER_ADMIN_PASSWORD_FILE");
  }
});

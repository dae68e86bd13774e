/** Keys and secrets that are the same after a restart, and at all replicas. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStores } from "aauth";
import { createLogger, openKeys } from "agent-kit/service";
import { expect, onTestFinished, test } from "vitest";
import { buildPersonServer } from "../src/app.ts";
import { startLyingProvider } from "./support/lying-provider.ts";
import { testConfig } from "./support/person-server.ts";
import { beginSignIn, relyingParty, shown, TestBrowser } from "./support/relying-party.ts";
import { createTestSignIn } from "./support/test-sign-in.ts";

test("the key sets of both servers and of the provider stay over a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "person-server-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = testConfig({ ACCESS_SERVER_RESOURCES: "https://resource.example" });
  const hosts = [
    ...[config.id, config.accessServerId].map((id) => ({ host: new URL(id).host, url: "/jwks.json" })),
    { host: "localhost:8081", url: "/openid/jwks" },
  ];
  async function keySets(): Promise<string[]> {
    const logger = createLogger({ service: "person-server", level: "silent" });
    const keys = await openKeys({ folder, service: "person-server", logger });
    const app = await buildPersonServer(config, { signIn: createTestSignIn, keys, logger });
    const sets = hosts.map(async ({ host, url }) => (await app.inject({ url, headers: { host } })).body);
    const bodies = await Promise.all(sets);
    await app.close();
    keys.close();
    return bodies;
  }
  const before = await keySets();
  expect(before.map((body) => JSON.parse(body).keys.length)).toEqual([1, 1, 1]);
  expect(new Set(before).size).toBe(3);
  expect(await keySets()).toEqual(before);
});

test("a sign-in that began at one replica is redeemed at another, once", async () => {
  const provider = await startLyingProvider();
  onTestFinished(() => provider.stop());
  const shared = {
    issuer: new URL(provider.issuer),
    cookieSecret: randomBytes(32),
    stores: createMemoryStores(),
  };
  const [one, other] = [await relyingParty(shared), await relyingParty(shared)];
  const browser = new TestBrowser(one);
  provider.lies = { claims: { sub: "alice" } };
  const callback = await beginSignIn(browser);
  const cookies = new Map(browser.cookies);
  browser.app = other;
  expect(await shown((await browser.follow(callback)).response)).toMatchObject({
    person: { id: expect.any(String) },
  });
  const again = new TestBrowser(one);
  for (const [name, value] of cookies) again.cookies.set(name, value);
  expect(await shown(await again.open(callback))).toMatchObject({ code: "sign_in_unknown" });
  const elsewhere = new TestBrowser(await relyingParty({ ...shared, cookieSecret: randomBytes(32) }));
  for (const [name, value] of cookies) elsewhere.cookies.set(name, value);
  expect(await shown(await elsewhere.open(callback))).toMatchObject({ code: "sign_in_unknown" });
});

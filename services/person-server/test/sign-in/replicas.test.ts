/** Sessions of two processes over the same stores. */
import { randomBytes } from "node:crypto";
import { createMemoryStores } from "aauth";
import type { FastifyReply, FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { createPendingSignIns } from "../../src/sign-in/pending-sign-ins.ts";
import { createSessions } from "../../src/sign-in/sessions.ts";

const ANNA = { person: { id: "anna" } as never, idToken: undefined };

/** A browser: a request with its cookies, and a reply that changes them. */
function createBrowser() {
  const cookies = new Map<string, string>();
  const reply = {
    header(_name: string, line: string) {
      const [pair = ""] = line.split(";");
      const [name = "", value = ""] = pair.split("=", 2);
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    },
  } as unknown as FastifyReply;
  const request = () =>
    ({
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
    }) as unknown as FastifyRequest;
  return { reply, request };
}

function processes() {
  const now = () => 1_000;
  const stores = createMemoryStores({ now });
  const start = () => createSessions({ publicUrl: new URL("http://localhost:8081"), stores, now });
  return { stores, now, one: start(), other: start() };
}

test("sessions at two ports of one host do not replace each other", async () => {
  const now = () => 1_000;
  const at = (publicUrl: string) =>
    createSessions({ publicUrl: new URL(publicUrl), stores: createMemoryStores({ now }), now });
  const [one, other] = [at("http://localhost:8081"), at("http://localhost:8181")];
  const { request, reply } = createBrowser();
  await one.begin(request(), reply, ANNA);
  await other.begin(request(), reply, ANNA);
  expect(await one.read(request())).toMatchObject({ person: ANNA.person });
  expect(await other.read(request())).toMatchObject({ person: ANNA.person });
});

test("a session that one process has begun is accepted and ended by another", async () => {
  const { one, other } = processes();
  const { request, reply } = createBrowser();
  await one.begin(request(), reply, ANNA);
  const kept = request();
  expect((await other.read(kept))?.person.id).toBe("anna");
  await other.end(kept, reply);
  expect(await one.read(kept)).toBeUndefined();
});

test("of a person's sessions the fifty newest are kept, and other persons' are left alone", async () => {
  const { one, other } = processes();
  const bert = createBrowser();
  await one.begin(bert.request(), bert.reply, { person: { id: "bert" } as never, idToken: undefined });
  const browsers = Array.from({ length: 52 }, createBrowser);
  for (const { request, reply } of browsers) await other.begin(request(), reply, ANNA);
  const isKept = await Promise.all(
    browsers.map(async ({ request }) => (await one.read(request())) !== undefined),
  );
  expect([isKept.indexOf(true), isKept.lastIndexOf(false)]).toEqual([2, 1]);
  expect(await one.read(bert.request())).toBeDefined();
});

test("the store has the digest of a cookie, and the cookie is not its key", async () => {
  const { one, stores } = processes();
  const { request, reply } = createBrowser();
  await one.begin(request(), reply, ANNA);
  const [, secret = ""] = String(request().headers.cookie).split("=");
  const kept = await stores.records("browser sessions").list("anna");
  expect(JSON.stringify(kept)).not.toContain(secret);
  expect(await stores.records("browser sessions").get(secret)).toBeUndefined();
});

test("V53: a sign-in is redeemed once, also by two responses that come at the same time", async () => {
  const { stores, now } = processes();
  const pending = createPendingSignIns({
    publicUrl: new URL("http://localhost:8081"),
    cookieSecret: randomBytes(32),
    stores,
    now,
  });
  const { request, reply } = createBrowser();
  const signIn = { state: "s", nonce: "n", codeVerifier: "v", returnTo: "/" };
  pending.add(request(), reply, signIn);
  const sent = request();
  const taken = [await pending.take(sent, reply, "s"), await pending.take(sent, reply, "s")];
  const redeemed = await Promise.allSettled(taken.map((one) => pending.redeemed(one, "anna")));
  expect(redeemed.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(pending.take(sent, reply, "s")).rejects.toMatchObject({ code: "sign_in_unknown" });
});

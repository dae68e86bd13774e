/** Two processes of the auth server over the same stores. */
import { expect, test } from "vitest";
import { createBrowser, injectedFetch } from "./support/browser.ts";
import { consentedCode, decide, startConsent } from "./support/consent.ts";
import { ASK_FOR_OPTIMIZE, CALLBACK, createParties, expectRefusal, type Parties } from "./support/parties.ts";
import { signIn } from "./support/sign-in.ts";

const REVOKE = "/realms/aauth-test/protocol/aauth/agent/revoke";

async function replicas(): Promise<[Parties, Parties]> {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  return [parties, await parties.startReplica()];
}

test("a sign-in and a consent can alternate between two processes", async () => {
  const [one, other] = await replicas();
  let sent = 0;
  const browser = createBrowser((...request) => {
    sent += 1;
    return injectedFetch((sent % 2 === 0 ? one : other).server.app)(...request);
  });
  const shown = await signIn(browser, (await startConsent(one)).url);
  const answer = await decide(browser, await shown.response.text(), "accept");
  expect(new URL(answer.headers.get("location") ?? "").searchParams.get("code")).toMatch(/^[\w-]{43}$/);
  // The consent is remembered in the browser's session, at both processes.
  const again = await browser.get((await startConsent(other)).url);
  expect(new URL(again.headers.get("location") ?? "").searchParams.has("code")).toBe(true);
});

test("a code that one process has given is redeemed once, at any", async () => {
  const [one, other] = await replicas();
  const form = { request_type: "code", code: await consentedCode(one), redirect_uri: CALLBACK };
  const replies = await Promise.all([one.request(form), other.request(form), other.request(form)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
});

test("a refresh token is accepted after a restart, until any process has revoked it", async () => {
  const [one, other] = await replicas();
  const form = { request_type: "code", code: await consentedCode(one), redirect_uri: CALLBACK };
  const { refresh_token: token } = (await one.request(form)).body as { refresh_token: string };
  const refresh = (parties: Parties) => parties.request({ request_type: "refresh", refresh_token: token });
  expect((await refresh(await one.startReplica())).status).toBe(200);
  expect((await other.request({ token }, { path: REVOKE })).status).toBe(200);
  expectRefusal(await refresh(one), 400, "invalid_grant", "Invalid refresh_token: ");
});

test("a request that one process has accepted is refused as a replay by the other", async () => {
  const [one, other] = await replicas();
  const form = { request_type: "auth", resource_token: await one.resourceToken(), redirect_uri: CALLBACK };
  const signed = await one.sign(form);
  expect((await one.send(signed)).status).toBe(200);
  for (const parties of [other, one]) expect((await parties.send(signed)).status).toBe(401);
});

/** Two processes of the auth server over the same stores. */
import { expect, test } from "vitest";
import { consentedCode } from "./support/consent.ts";
import { ASK_FOR_OPTIMIZE, CALLBACK, createParties, expectRefusal, type Parties } from "./support/parties.ts";

const REVOKE = "/realms/aauth-test/protocol/aauth/agent/revoke";

async function replicas(): Promise<[Parties, Parties]> {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  return [parties, await parties.startReplica()];
}

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

import { decodeToken, generateSigningKey } from "aauth";
import { expect, test } from "vitest";
import { consentedCode } from "../support/consent.ts";
import {
  ASK_FOR_OPTIMIZE,
  BACKEND,
  CALLBACK,
  createParties,
  expectRefusal,
  type Parties,
  SUPPLY_CHAIN,
  setAttributes,
} from "../support/parties.ts";

const REVOKE = "/realms/aauth-test/protocol/aauth/agent/revoke";

async function refreshToken(parties: Parties): Promise<string> {
  const code = await consentedCode(parties);
  const reply = await parties.request({ request_type: "code", code, redirect_uri: CALLBACK });
  return reply.body.refresh_token as string;
}

test("it survives a rotation of the agent's key, and the new token is bound to the new key", async () => {
  const newKey = await generateSigningKey({ kid: "backend-ephemeral-2" });
  const keySet = { keys: [] as object[] };
  const parties = await createParties({
    attributes: ASK_FOR_OPTIMIZE,
    documents: { [`${BACKEND}/jwks.json`]: keySet },
  });
  keySet.keys = [parties.keys[BACKEND]?.publicJwk as object];
  const refresh_token = await refreshToken(parties);
  keySet.keys = [newKey.publicJwk];
  parties.clock.advance(30);
  const reply = await parties.request({ request_type: "refresh", refresh_token }, { key: newKey });
  const { cnf } = decodeToken(reply.body.auth_token as string).claims as { cnf: { jwk: { x: string } } };
  expect(cnf.jwk.x).toBe(newKey.publicJwk.x);
});

test("J17: another agent is refused without a word about the owner", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const refresh_token = await refreshToken(parties);
  const reply = await parties.request({ request_type: "refresh", refresh_token }, { agent: SUPPLY_CHAIN });
  expectRefusal(reply, 400, "invalid_grant", "Error refreshing token: Agent signature mismatch");
  expect(JSON.stringify(reply.body)).not.toContain(parties.keys[BACKEND]?.thumbprint);
  expect(JSON.stringify(reply.body)).not.toContain(BACKEND);
});

test("a scope that policy has withdrawn is not refreshed", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const refresh_token = await refreshToken(parties);
  await setAttributes(parties.server, { "aauth.allowed.scopes": '["data.read"]' });
  expectRefusal(
    await parties.request({ request_type: "refresh", refresh_token }),
    403,
    "access_denied",
    "Authorization denied",
  );
});

test("J20: a revoked refresh token is gone; only its owner can revoke it", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const token = await refreshToken(parties);
  const refresh = () => parties.request({ request_type: "refresh", refresh_token: token });

  const unsigned = await parties.request(
    { token },
    { path: REVOKE, tamper: (headers) => void delete headers["signature-key"] },
  );
  expect(unsigned.status).toBe(401);
  const other = await parties.request({ token }, { path: REVOKE, agent: SUPPLY_CHAIN });
  expect(other.status).toBe(200);
  expect((await refresh()).status).toBe(200);

  const owner = await parties.request({ token }, { path: REVOKE });
  expect(owner.status).toBe(200);
  expectRefusal(await refresh(), 400, "invalid_grant", "Invalid refresh_token: ");
});

test("nothing is revoked while the realm has AAuth switched off, nor for a token that is given twice", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const token = await refreshToken(parties);
  await setAttributes(parties.server, { "aauth.enabled": "false" });
  expectRefusal(
    await parties.request({ token }, { path: REVOKE }),
    400,
    "invalid_request",
    "AAuth protocol is not enabled for this realm",
  );
  await setAttributes(parties.server, { "aauth.enabled": "true" });
  expectRefusal(
    await parties.request(`token=${token}&token=${token}`, { path: REVOKE }),
    400,
    "invalid_request",
    "duplicated parameter: token",
  );
  const refreshed = await parties.request({ request_type: "refresh", refresh_token: token });
  expect(refreshed.status).toBe(200);
});

import { expect, test } from "vitest";
import { consentedCode } from "../support/consent.ts";
import {
  ASK_FOR_OPTIMIZE,
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

test("J20: a revoked refresh token is gone; only its owner can revoke it", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const token = await refreshToken(parties);
  const refresh = () => parties.request({ request_type: "refresh", refresh_token: token });
  expect((await parties.request({ token }, { path: REVOKE, agent: SUPPLY_CHAIN })).status).toBe(200);
  expect((await refresh()).status).toBe(200);
  expect((await parties.request({ token }, { path: REVOKE })).status).toBe(200);
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

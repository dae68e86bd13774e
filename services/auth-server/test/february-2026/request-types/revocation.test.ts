import { expect, test } from "vitest";
import { consentedCode } from "../../support/consent.ts";
import {
  ASK_FOR_OPTIMIZE,
  CALLBACK,
  createParties,
  expectRefusal,
  setAttributes,
} from "../../support/parties.ts";

const REVOKE = "/realms/aauth-test/protocol/aauth/agent/revoke";

test("revokes nothing while the realm has AAuth switched off, nor for a duplicate token parameter", async () => {
  const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE });
  const code = await consentedCode(parties);
  const issued = await parties.request({ request_type: "code", code, redirect_uri: CALLBACK });
  const token = issued.body.refresh_token as string;
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

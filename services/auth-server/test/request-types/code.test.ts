import { generateSigningKey } from "aauth";
import { expect, test } from "vitest";
import { consentedCode } from "../support/consent.ts";
import {
  ASK_FOR_OPTIMIZE,
  BACKEND,
  CALLBACK,
  createParties,
  expectRefusal,
  SUPPLY_CHAIN,
} from "../support/parties.ts";

const askForOptimize = () => createParties({ attributes: ASK_FOR_OPTIMIZE });

test("a code is good once", async () => {
  const parties = await askForOptimize();
  const code = await consentedCode(parties);
  const form = { request_type: "code", code, redirect_uri: CALLBACK };
  expect((await parties.request(form)).status).toBe(200);
  expectRefusal(await parties.request(form), 400, "invalid_grant", "Invalid or expired authorization code");
});

test("J8: a code without redirect_uri, or with another one, is refused and used up", async () => {
  const parties = await askForOptimize();
  const without = await consentedCode(parties);
  expectRefusal(
    await parties.request({ request_type: "code", code: without }),
    400,
    "invalid_request",
    "Missing required parameter: redirect_uri",
  );
  const other = await consentedCode(parties);
  expectRefusal(
    await parties.request({ request_type: "code", code: other, redirect_uri: `${CALLBACK}/other` }),
    400,
    "invalid_grant",
    "redirect_uri mismatch",
  );
  for (const code of [without, other]) {
    const retried = await parties.request({ request_type: "code", code, redirect_uri: CALLBACK });
    expectRefusal(retried, 400, "invalid_grant", "Invalid or expired authorization code");
  }
});

test("a code is for the agent, and the key, that asked for it", async () => {
  const newKey = await generateSigningKey({ kid: "backend-ephemeral-2" });
  const keySet = { keys: [] as object[] };
  const parties = await createParties({
    attributes: ASK_FOR_OPTIMIZE,
    documents: { [`${BACKEND}/jwks.json`]: keySet },
  });
  keySet.keys = [parties.keys[BACKEND]?.publicJwk as object, newKey.publicJwk];
  for (const thief of [{ agent: SUPPLY_CHAIN }, { key: newKey }]) {
    const code = await consentedCode(parties);
    expectRefusal(
      await parties.request({ request_type: "code", code, redirect_uri: CALLBACK }, thief),
      400,
      "invalid_grant",
      "Agent signature mismatch",
    );
  }
});

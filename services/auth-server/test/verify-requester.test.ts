import { type AAuthErrorCode, decodeToken, generateSigningKey, type SigningKey } from "aauth";
import { february2026Published } from "aauth/february-2026";
import { expect, test } from "vitest";
import { recordingLogger } from "./support/auth-server.ts";
import {
  BACKEND,
  createParties,
  expectRefusal,
  MARKET_ANALYSIS,
  type Parties,
  SUPPLY_CHAIN,
  type TokenRequestOptions,
} from "./support/parties.ts";

/** A request that would be granted, sent with the changes given. */
async function ask(parties: Parties, options: TokenRequestOptions = {}) {
  const resource_token = await parties.resourceToken();
  return parties.request({ request_type: "auth", resource_token }, options);
}

async function refused(parties: Parties, options: TokenRequestOptions, code: AAuthErrorCode): Promise<void> {
  expectRefusal(await ask(parties, options), 401, "invalid_signature", { code });
}

test("J3: an auth token proves no identity outside an exchange, and nothing is fetched for it", async () => {
  const parties = await createParties();
  const jwt = (await ask(parties)).body.auth_token as string;
  const { clock, discovery } = parties;
  clock.advance(1);
  discovery.requests.length = 0;
  await refused(parties, { scheme: { jwt } }, "untrusted_issuer");
  expect(discovery.requests).toEqual([]);
});

test("an exchange is signed by the requester's own published key, the one that was challenged", async () => {
  const parties = await createParties();
  const scope = "supply-chain:optimize market-analysis:analyze";
  const asked = { request_type: "auth", resource_token: await parties.resourceToken({ scope }) };
  const upstream = String((await parties.request(asked)).body.auth_token);
  const exchange = async (key: SigningKey, agentJkt: string) => {
    const challenge = { resource: MARKET_ANALYSIS, agent: SUPPLY_CHAIN, scope: "market-analysis:analyze" };
    const resource_token = await parties.resourceToken({ ...challenge, agentJkt });
    const form = { request_type: "exchange", resource_token };
    return parties.request(form, { agent: SUPPLY_CHAIN, key, scheme: { jwt: upstream } });
  };
  const own = parties.keys[SUPPLY_CHAIN] as SigningKey;
  const thief = await generateSigningKey({ kid: own.kid });
  for (const [key, challenged, code] of [
    [thief, own, "invalid_signature"],
    [thief, thief, "unknown_key"],
    [parties.keys[BACKEND] as SigningKey, own, "invalid_signature"],
  ] as const)
    expectRefusal(await exchange(key, challenged.thumbprint), 401, "invalid_signature", { code });
  expect((await exchange(own, own.thumbprint)).status).toBe(200);
});

test("J15: request_type is one of four, never another grant of the server", async () => {
  const { request } = await createParties();
  for (const request_type of ["password", "__proto__"])
    expectRefusal(
      await request({ request_type }),
      400,
      "unsupported_grant_type",
      "Unsupported request_type: ",
    );
});

test("the log names a published peer whose signature does not cover the body", async () => {
  const { logger, lines } = recordingLogger();
  const attributes = { "aauth.published.peers": JSON.stringify([BACKEND]) };
  const parties = await createParties({ attributes, logger });
  const marked = () => lines.filter((line) => line.includes("The signature does not cover the body"));
  expect((await ask(parties)).status).toBe(200);
  expect(marked()).toEqual([]);
  expect((await ask(parties, { profile: february2026Published })).status).toBe(200);
  expect(marked()).toHaveLength(1);
  expect(marked()[0]).toContain(`"agent":"${BACKEND}","profile":"february-2026-published"`);
});

test("the log has what happened and no token", async () => {
  const { logger, lines } = recordingLogger();
  const parties = await createParties({ logger });
  const reply = await ask(parties);
  const token = reply.body.auth_token as string;
  const log = lines.join("\n");
  expect(log).toContain("Issued auth_token");
  expect(log).toContain(String(decodeToken(token).claims.jti));
  expect(log).not.toContain(token.split(".")[2]);
  await refused(parties, { created: parties.clock.now() - 61 }, "created_out_of_window");
  expect(lines.join("\n")).toContain("Token request refused");
  const url = "/realms/aauth-test/protocol/aauth/agent/revoke?token=put-here-by-mistake";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await parties.server.app.inject({ method: "POST", url, headers, payload: "token=x" });
  expect(lines.join("\n")).toContain('"path":"/realms/aauth-test/protocol/aauth/agent/revoke"');
  expect(lines.join("\n")).not.toContain("put-here-by-mistake");
});

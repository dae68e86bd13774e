import { type AAuthErrorCode, decodeToken } from "aauth";
import { february2026Published } from "aauth/february-2026";
import { expect, test } from "vitest";
import { recordingLogger } from "../support/auth-server.ts";
import {
  BACKEND,
  createParties,
  expectRefusal,
  type Parties,
  SUPPLY_CHAIN,
  type TokenRequestOptions,
} from "../support/parties.ts";

/** A request that would be granted, sent with the given changes. */
async function ask(parties: Parties, options: TokenRequestOptions = {}) {
  const resource_token = await parties.resourceToken();
  return parties.request({ request_type: "auth", resource_token }, options);
}

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

test("a resource token with a scope of another shape, or with no scope, is refused", async () => {
  const parties = await createParties();
  const refused = async (scope: string | undefined, code: AAuthErrorCode, description: string) => {
    const { header, claims } = decodeToken(await parties.resourceToken());
    const parts = [header, { ...claims, scope, auth_request_url: `${SUPPLY_CHAIN}/request` }];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = await parties.keys[SUPPLY_CHAIN]!.sign(Buffer.from(input));
    const resource_token = `${input}.${Buffer.from(signature).toString("base64url")}`;
    const reply = await parties.request({ request_type: "auth", resource_token });
    expectRefusal(reply, 400, "invalid_grant", {
      code,
      description: `Invalid resource_token: ${description}`,
    });
  };
  await refused('supply-chain:optimize "all"', "malformed_token", "the token's scope has the wrong shape");
  await refused(undefined, "token_claim_missing", "the token has no scope");
});

test("the log has the outcome and no token", async () => {
  const { logger, lines } = recordingLogger();
  const parties = await createParties({ logger });
  const reply = await ask(parties);
  const token = reply.body.auth_token as string;
  const log = lines.join("\n");
  expect(log).toContain("Issued auth_token");
  expect(log).toContain(String(decodeToken(token).claims.jti));
  expect(log).not.toContain(token.split(".")[2]);
  const stale = await ask(parties, { created: parties.clock.now() - 61 });
  expectRefusal(stale, 401, "invalid_signature", { code: "created_out_of_window" });
  expect(lines.join("\n")).toContain("Token request refused");
  const url = "/realms/aauth-test/protocol/aauth/agent/revoke?token=put-here-by-mistake";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await parties.server.app.inject({ method: "POST", url, headers, payload: "token=x" });
  expect(lines.join("\n")).toContain('"path":"/realms/aauth-test/protocol/aauth/agent/revoke"');
  expect(lines.join("\n")).not.toContain("put-here-by-mistake");
});

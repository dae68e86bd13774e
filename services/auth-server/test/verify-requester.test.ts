import { type AAuthErrorCode, decodeToken, generateSigningKey, type SigningKey } from "aauth";
import { issueAgentToken } from "aauth/issuer";
import { expect, test } from "vitest";
import { recordingLogger } from "./support/auth-server.ts";
import {
  BACKEND,
  createParties,
  expectRefusal,
  type Parties,
  SUPPLY_CHAIN,
  type TokenRequestOptions,
} from "./support/parties.ts";

/** A request that would be granted, sent with the changes given. */
async function ask(parties: Parties, options: TokenRequestOptions = {}, form: Record<string, string> = {}) {
  const resource_token = await parties.resourceToken();
  return parties.request({ request_type: "auth", resource_token, ...form }, options);
}

async function refused(parties: Parties, options: TokenRequestOptions, code: AAuthErrorCode): Promise<void> {
  expectRefusal(await ask(parties, options), 401, "invalid_signature", { code });
}

test("a request without Signature-Key has no identity; one with half a signature is refused", async () => {
  const parties = await createParties();
  const without = (...names: string[]) => ({
    tamper: (headers: Record<string, string>) => {
      for (const name of names) delete headers[name];
    },
  });
  expectRefusal(
    await ask(parties, without("signature-key", "signature-input", "signature")),
    401,
    "invalid_request",
    { code: "missing_signature", description: "Agent identity not found." },
  );
  expectRefusal(await ask(parties, without("signature-key")), 401, "invalid_request", {
    code: "missing_signature",
    description: "Agent identity not found.",
  });
  await refused(parties, without("signature"), "missing_signature");
  await refused(parties, without("signature-input"), "missing_signature");
});

test("J2: an agent token with a forged signature, or for another audience, is refused", async () => {
  const parties = await createParties();
  const delegateKey = await generateSigningKey({ kid: "delegate" });
  const token = (key: SigningKey, audience?: string) =>
    issueAgentToken({
      key,
      agent: BACKEND,
      delegate: "worker-7",
      confirmationKey: delegateKey.publicJwk,
      now: parties.clock.now,
      ...(audience !== undefined && { audience }),
    });
  const forged = await token(await generateSigningKey({ kid: "backend-ephemeral-1" }));
  await refused(parties, { key: delegateKey, scheme: { jwt: forged } }, "invalid_token_signature");
  const elsewhere = await token(parties.keys[BACKEND] as SigningKey, SUPPLY_CHAIN);
  await refused(parties, { key: delegateKey, scheme: { jwt: elsewhere } }, "token_audience_mismatch");
});

test("J3: an auth token proves no identity outside an exchange, and nothing is fetched for it", async () => {
  const parties = await createParties();
  const jwt = (await ask(parties)).body.auth_token as string;
  const { clock, discovery } = parties;
  clock.advance(1);
  discovery.requests.length = 0;
  await refused(parties, { scheme: { jwt } }, "untrusted_issuer");
  expect(discovery.requests).toEqual([]);
});

test("J6: the authority is the configured one, whatever Host says", async () => {
  const parties = await createParties();
  const path = "/realms/aauth-test/protocol/aauth/agent/token";
  await refused(
    parties,
    {
      signedUrl: `http://evil.example${path}`,
      tamper: (headers) => {
        headers.host = "evil.example";
      },
    },
    "invalid_signature",
  );
  const reply = await ask(parties, {
    tamper: (headers) => {
      headers.host = "internal-name:1234";
    },
  });
  expect(reply.status).toBe(200);
});

test("J14: an error is JSON whatever the request has in it", async () => {
  const parties = await createParties();
  const reply = await ask(parties, {
    tamper: (headers) => {
      headers["signature-input"] = `si"g,"error":"none=${headers["signature-input"]}`;
    },
  });
  expect(reply.status).toBe(401);
  expect(Object.keys(reply.body)).toEqual(["error", "error_description"]);
  const typed = await ask(parties, {}, { request_type: 'x","error":"none\u2028\\' });
  expectRefusal(typed, 400, "unsupported_grant_type", "Unsupported request_type: x',");
  expect(typed.body.error_description).toMatch(/^[\x20-\x7e]*$/);
});

test("J15: request_type names one of four, never another grant of the server", async () => {
  const parties = await createParties();
  for (const type of [
    "password",
    "authorization_code",
    "refresh_token",
    "AUTH",
    "constructor",
    "__proto__",
  ]) {
    expectRefusal(
      await ask(parties, {}, { request_type: type, username: "mcp-user", password: "user123" }),
      400,
      "unsupported_grant_type",
      `Unsupported request_type: ${type}`,
    );
  }
  expectRefusal(
    await parties.request({ resource_token: await parties.resourceToken() }),
    400,
    "invalid_request",
    "Missing required parameter: request_type",
  );
});

test("a parameter that is given twice is refused", async () => {
  const parties = await createParties();
  const body = `request_type=auth&resource_token=${await parties.resourceToken()}&state=a&state=b`;
  expectRefusal(await parties.request(body), 400, "invalid_request", "duplicated parameter: state");
  const nameless = await parties.request("request_type=auth&=1&=2");
  expectRefusal(nameless, 400, "invalid_request", "duplicated parameter: ");
});

test("only forms are read, and only so large", async () => {
  const parties = await createParties();
  const { app } = parties.server;
  const url = "/realms/aauth-test/protocol/aauth/agent/token";
  const json = await app.inject({ method: "POST", url, payload: { request_type: "auth" } });
  expect(json.statusCode).toBe(415);
  expect(json.json().error).toBe("invalid_request");
  const large = await app.inject({
    method: "POST",
    url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: "x".repeat(65_537),
  });
  expect(large.statusCode).toBe(413);
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

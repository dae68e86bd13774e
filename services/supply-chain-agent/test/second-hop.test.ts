import { decodeToken } from "aauth";
import { describe, expect, test } from "vitest";
import { createNetwork, MARKET, SELF } from "./network.ts";
import { type Stack, startStack } from "./stack.ts";

const ANALYZE = { level: "authorized", scopes: ["market-analysis:analyze"] } as const;
const QUESTION = "optimize laptop supply chain, perform market analysis";

/** Calls with a token that the first hop accepts, and gives the report. */
async function ask(stack: Stack, options: Parameters<Stack["issueAuthToken"]>[0] = {}): Promise<string> {
  const jwt = await stack.issueAuthToken(options);
  const reply = await stack.call({ text: QUESTION, signatureKey: { scheme: "jwt", jwt } });
  expect(reply.statusCode).toBe(200);
  return reply.json().result.parts[0].text;
}

describe("signature-only", () => {
  test.each(["hwk", "jwks"])("the next agent is asked with a %s signature", async (scheme) => {
    const network = await createNetwork({ requirement: { level: "pseudonymous" } });
    const env = { AAUTH_AUTHORIZATION_SCHEME: "signature-only", AAUTH_SIGNATURE_SCHEME: scheme };
    const stack = await startStack(env, network);
    const reply = await stack.call({ text: QUESTION });
    expect(reply.json().result.parts[0].text).toContain(`# Market Analysis Report for: ${QUESTION}`);
    expect(network.tokenRequests).toEqual([]);
  });
});

describe("autonomous", () => {
  test("the second hop is a separate challenge, met on this agent's own authority", async () => {
    const network = await createNetwork({ requirement: ANALYZE });
    const stack = await startStack({}, network);
    expect(await ask(stack)).toContain(`# Market Analysis Report for: ${QUESTION}`);

    expect(network.tokenRequests).toEqual([
      { form: { request_type: "auth", resource_token: expect.any(String) }, upstream: undefined },
    ]);
    expect(decodeToken(network.tokenRequests[0]?.form.resource_token ?? "").claims).toMatchObject({
      iss: MARKET,
      agent: SELF,
      agent_jkt: network.selfKey.thumbprint,
      scope: "market-analysis:analyze",
    });
    expect(network.accepted).toMatchObject([{ aud: MARKET, agent: SELF }]);
    expect(network.accepted[0]?.act).toBeUndefined();
  });
});

describe("user-delegated", () => {
  const env = {
    AAUTH_AUTHORIZATION_SCHEME: "user-delegated",
    AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze",
  };
  const granted = { scope: "supply-chain:optimize market-analysis:analyze", subject: "user-1" };

  test("the caller's token is exchanged", async () => {
    const network = await createNetwork({ requirement: ANALYZE });
    const stack = await startStack(env, network);
    expect(await ask(stack, granted)).toContain(`# Market Analysis Report for: ${QUESTION}`);

    expect(network.tokenRequests).toEqual([
      {
        form: { request_type: "exchange", resource_token: expect.any(String) },
        upstream: expect.any(String),
      },
    ]);
    expect(decodeToken(network.tokenRequests[0]?.upstream ?? "").claims).toMatchObject({
      aud: SELF,
      agent: network.agent.id,
      sub: "user-1",
    });
    expect(network.accepted).toMatchObject([{ aud: MARKET, agent: SELF, act: { agent: network.agent.id } }]);
  });

  test("one caller's exchanged token is not used for another", async () => {
    const network = await createNetwork({ requirement: ANALYZE });
    const stack = await startStack(env, network);
    await ask(stack, granted);
    await ask(stack, { ...granted, subject: "user-2" });
    expect(network.tokenRequests.map(({ upstream }) => decodeToken(upstream ?? "").claims.sub)).toEqual([
      "user-1",
      "user-2",
    ]);
  });
});

describe("a failure of the second hop is part of the report, with the hop named", () => {
  const TO_AUTH_SERVER = "- **Hop**: supply-chain-agent -> auth server";
  const TO_MARKET = "- **Hop**: supply-chain-agent -> market-analysis-agent";

  test.each([
    ["autonomous", "access_denied", "(token request failed)", TO_AUTH_SERVER, "token_request_refused"],
    ["user-delegated", "access_denied", "(token exchange failed)", TO_AUTH_SERVER, "token_request_refused"],
    ["autonomous", "consent", "(consent required)", TO_AUTH_SERVER, "consent_required"],
  ])("%s, auth server says %s", async (scheme, refuse, text, hop, code) => {
    const network = await createNetwork({ requirement: ANALYZE, refuse });
    const user = scheme === "user-delegated" ? { subject: "user-1" } : {};
    const report = await ask(await startStack({ AAUTH_AUTHORIZATION_SCHEME: scheme }, network), user);
    expect(report).toContain("# Supply Chain Optimization Analysis");
    expect(report).toContain(`No market analysis provided ${text}`);
    expect(report).toContain(`${hop}\n- **Code**: ${code}\n`);
  });

  test.each([
    [MARKET, "(request failed)", TO_MARKET, "connection_refused"],
    ["http://localhost:8080", "(token request failed)", TO_AUTH_SERVER, "token_request_failed"],
  ])("a service not running at %s", async (down, text, hop, code) => {
    const network = await createNetwork({ requirement: ANALYZE, down });
    const report = await ask(await startStack({}, network));
    expect(report).toContain(`No market analysis provided ${text}`);
    expect(report).toContain(`${hop}\n- **Code**: ${code}\n`);
  });
});

test("D14: no token of the second hop reaches the log", async () => {
  const network = await createNetwork({ requirement: ANALYZE });
  const stack = await startStack({ AAUTH_AUTHORIZATION_SCHEME: "user-delegated" }, network);
  const jwt = await stack.issueAuthToken({ subject: "user-1" });
  await stack.call({ text: QUESTION, signatureKey: { scheme: "jwt", jwt } });
  const secrets = [
    jwt,
    network.tokenRequests[0]?.upstream ?? "",
    network.tokenRequests[0]?.form.resource_token ?? "",
  ];
  expect(stack.log()).toContain("🔄 Token exchange: upstream_auth_token_id=");
  expect(stack.log()).toContain("🔐 Received auth_token from auth server (exchange)");
  for (const secret of secrets) {
    expect(secret).not.toBe("");
    expect(stack.log()).not.toContain(secret);
    expect(stack.log()).not.toContain(secret.split(".")[2]);
  }
});

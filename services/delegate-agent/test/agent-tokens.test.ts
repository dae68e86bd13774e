import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "aauth";
import { february2026Agent, february2026Tokens } from "aauth/february-2026";
import { createTestClock } from "aauth/testing";
import { describe, expect, test } from "vitest";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";
import { endlessBody } from "../../../packages/agent-kit/test/service/support/endless-body.ts";
import type { AgentTokenError } from "../src/agent-token-request.ts";
import { createAgentTokens } from "../src/agent-tokens.ts";
import { loadCredential } from "../src/credential.ts";

const BACKEND = "http://backend.localhost:8000";

/** A delegate and its agent server, whose answers the test sets. */
async function createWorld() {
  const clock = createTestClock();
  const credential = await loadCredential(await mkdtemp(join(tmpdir(), "delegate-")));
  const key = await generateSigningKey({ kid: "k" });
  const server = await generateSigningKey({ kid: "backend-1" });
  const requests: { url: string; body: Record<string, unknown>; scheme: string }[] = [];
  const world = {
    answer: async () => Response.json(await tokenAnswer()) as Response,
    token: {} as Partial<Parameters<typeof february2026Tokens.issueAgentToken>[0]>,
  };
  const tokenAnswer = async () => ({
    agent_token: await february2026Tokens.issueAgentToken({
      key: server,
      agent: BACKEND,
      delegate: credential.sub,
      confirmationKey: key.publicJwk,
      lifetimeSeconds: 600,
      now: clock.now,
      ...world.token,
    }),
    expires_in: 600,
  });
  const agentToken = createAgentTokens({
    agentServer: BACKEND,
    credential,
    key,
    kind: { type: "agent+jwt", subject: credential.sub },
    keyHolder: {
      id: BACKEND,
      profile: february2026Agent({ authServers: [], signatureScheme: "hwk", mayIdentify: false }),
    },
    discovery: createTestDiscovery({}),
    transport: async (url, { headers, body }) => {
      requests.push({
        url,
        body: JSON.parse(new TextDecoder().decode(body)),
        scheme: headers["signature-key"]?.split(" ")[0] ?? "",
      });
      return world.answer();
    },
    onReceived: () => {},
    now: clock.now,
  });
  const refusal = () => agentToken(key).catch((error: unknown) => error as AgentTokenError);
  return {
    world,
    clock,
    credential,
    key,
    requests,
    agentToken: () => agentToken(key),
    drop: agentToken.drop,
    refusal,
  };
}

describe("agent tokens", () => {
  test("are asked for with the delegate's own key and its credential, and held until shortly before they end", async () => {
    const { clock, credential, key, requests, agentToken } = await createWorld();
    const [one, two] = await Promise.all([agentToken(), agentToken()]);
    expect(one).toBe(two);
    clock.advance(569);
    expect(await agentToken()).toBe(one);
    expect(requests).toHaveLength(1);
    const { kty, crv, x } = key.publicJwk;
    expect(requests[0]).toMatchObject({
      url: `${BACKEND}/delegate/token`,
      scheme: "sig1=(scheme=hwk",
      body: { sub: credential.sub, cnf_jwk: { kty, crv, x } },
    });
    clock.advance(1);
    expect(await agentToken()).not.toBe(one);
    expect(requests).toHaveLength(2);
    expect(requests[0]?.body.client_assertion).not.toBe(requests[1]?.body.client_assertion);
  });

  test("are asked for again after a failure", async () => {
    const { world, agentToken, refusal } = await createWorld();
    const working = world.answer;
    world.answer = async () => {
      throw new Error("down");
    };
    expect(await refusal()).toMatchObject({
      code: "no_answer",
      message: "the agent server could not be reached",
    });
    world.answer = async () => {
      throw new DOMException("x", "TimeoutError");
    };
    expect(await refusal()).toMatchObject({
      code: "no_answer",
      message: "the agent server did not answer within 10 seconds",
    });
    world.answer = async () => new Response("<html>", { status: 502 });
    expect((await refusal()) as AgentTokenError).toMatchObject({
      message: "the agent server answered with status 502, and the answer cannot be read",
    });
    world.answer = working;
    expect(await agentToken()).toMatch(/^eyJ/);
  });

  test("are refused in the agent server's words", async () => {
    const { world, refusal } = await createWorld();
    world.answer = async () =>
      Response.json({ error: "invalid_client", error_description: "not accepted" }, { status: 401 });
    expect(await refusal()).toMatchObject({
      code: "invalid_client",
      message: "the agent server refused: not accepted",
    });
    world.answer = async () => Response.json({ detail: "?" }, { status: 500 });
    expect(await refusal()).toMatchObject({ code: "no_answer" });
  });

  test("in an answer beyond 64 KiB are not read", async () => {
    const { world, refusal } = await createWorld();
    const { body, read } = endlessBody();
    world.answer = async () => new Response(body);
    expect(await refusal()).toMatchObject({ code: "answer_too_large" });
    expect(read.bytes).toBeLessThan(300_000);
  });

  test("of another delegate, or another agent server, are not taken", async () => {
    const { world, refusal } = await createWorld();
    world.token = { delegate: "somebody-else" };
    expect(await refusal()).toMatchObject({ code: "no_answer" });
    world.token = { agent: "http://elsewhere.localhost:1" };
    expect(await refusal()).toMatchObject({ code: "no_answer" });
  });
});

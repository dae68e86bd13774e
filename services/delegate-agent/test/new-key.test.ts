/** A delegate whose agent server has lost the key that signed its agent token. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeToken, generateSigningKey, type Requirement } from "aauth";
import type { Transport } from "aauth/agent";
import {
  type FebruaryLevel,
  february2026,
  february2026Resource,
  february2026Tokens,
} from "aauth/february-2026";
import { createResource } from "aauth/resource";
import { createTestClock } from "aauth/testing";
import { createLogger } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { expect, test } from "vitest";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";
import { buildDelegateAgent } from "../src/app.ts";
import { settings } from "../src/config.ts";

const BACKEND = "http://backend.localhost:8000";
const RESOURCE = "http://supply-chain-agent.localhost:3000";

/**
 * A delegate, an agent server that can lose its key, and a resource that accepts the published keys
 * of this agent server.
 */
async function createWorld() {
  const clock = createTestClock();
  const requirement: Requirement<FebruaryLevel> = { level: "identified" };
  /** Key ids of the agent tokens that reached the resource, and the number of requested tokens. */
  const seen = { signedBy: [] as unknown[], issued: 0 };
  const resourceKey = await generateSigningKey({ kid: "supply-chain-agent-1" });
  let server = await generateSigningKey({ kid: "backend-ephemeral-1" });

  const resource: Transport = async (_url, { method, headers, body }) => {
    const proof = february2026.messages.parseKeyClaim(headers["signature-key"] ?? "");
    seen.signedBy.push("jwt" in proof ? decodeToken(proof.jwt).header.kid : undefined);
    const discovery = createTestDiscovery({ agents: { [BACKEND]: [server.publicJwk] } }, { now: clock.now });
    const own = createResource({
      profile: february2026Resource({ authServer: "http://localhost:8080/realms/aauth-test" }),
      key: resourceKey,
      resource: RESOURCE,
      discovery,
      now: clock.now,
    });
    const received = { method, headers, target: "/", body: Buffer.from(body ?? "") };
    const { answer } = await own.admit(received, requirement);
    if (answer !== undefined) return new Response(answer.body, answer);
    const { id } = JSON.parse(received.body.toString()) as { id: unknown };
    const parts = [{ kind: "text", text: "# Report" }];
    return Response.json({
      jsonrpc: "2.0",
      id,
      result: { kind: "message", messageId: "m", role: "agent", parts },
    });
  };
  const agentServer: Transport = async (_url, { body }) => {
    const { sub, cnf_jwk } = JSON.parse(Buffer.from(body ?? "").toString());
    seen.issued++;
    const agent_token = await february2026Tokens.issueAgentToken({
      key: server,
      agent: BACKEND,
      delegate: sub,
      confirmationKey: cnf_jwk,
      lifetimeSeconds: 3600,
      now: clock.now,
    });
    return Response.json({ agent_token, expires_in: 3600 });
  };

  const { app, delegateOf } = await buildDelegateAgent(
    loadConfig({
      service: "delegate-agent",
      settings,
      env: { DELEGATE_DATA_FOLDER: await mkdtemp(join(tmpdir(), "delegate-")) },
      argv: [],
    }),
    {
      logger: createLogger({ service: "delegate-agent", level: "info", destination: { write: () => {} } }),
      discovery: createTestDiscovery({}),
      transport: (url, init) => (url.startsWith(BACKEND) ? agentServer : resource)(url, init),
      now: clock.now,
    },
  );
  return {
    seen,
    run: (await delegateOf(BACKEND)).run,
    close: () => app.close(),
    /** Like a restart: the earlier published key is gone. */
    async restartAgentServer(kid: string) {
      server = await generateSigningKey({ kid });
    },
  };
}

test("a token of a lost key is dropped, and the whole call is made again with a new one", async () => {
  const { seen, run, restartAgentServer, close } = await createWorld();
  expect(await run()).toMatchObject({ status: "completed" });
  await restartAgentServer("backend-ephemeral-2");
  const { status, failure, steps } = await run();
  expect([status, failure]).toEqual(["completed", undefined]);
  expect(seen).toEqual({
    signedBy: ["backend-ephemeral-1", "backend-ephemeral-1", "backend-ephemeral-2"],
    issued: 2,
  });
  expect(steps.map(({ action }) => action)).toEqual([
    "request_signed",
    "challenge_received",
    "request_signed",
    "response_received",
  ]);
  expect(steps[1]?.details).toBe("Status 401: the signature or the token was not accepted");
  // The new token is kept from then on.
  await run();
  expect(seen.issued).toBe(2);
  await close();
});

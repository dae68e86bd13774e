/**
 * A peer that answers as the published agents do to an auth token that they do not accept: 401, and
 * no way to another one.
 */

import { createServer, type Server } from "node:http";
import { createDiscovery, generateSigningKey, jwkThumbprint } from "aauth";
import { february2026, issueResourceToken, parseSignatureKey } from "aauth/february-2026";
import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, expect, test } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

interface Peer {
  readonly server: Server;
  /** Schemes of the requests. */
  readonly seen: string[];
  /** How many auth tokens it rejects before it accepts one. */
  rejects: number;
}

let stack: TestStack;
let peer: Peer | undefined;
afterEach(async () => {
  peer?.server.closeAllConnections();
  peer?.server.close();
  await stack?.stop();
});

async function startPeer({
  id,
  port,
  issuer,
  scope,
}: Record<"id" | "issuer" | "scope", string> & { port: number }) {
  const key = await generateSigningKey({ kid: "peer-1" });
  const discovery = createDiscovery({ development: true });
  const published: Record<string, object> = {
    "/.well-known/aauth-resource": { resource: id, jwks_uri: `${id}/jwks.json` },
    "/.well-known/aauth-agent": { agent: id, jwks_uri: `${id}/jwks.json` },
    "/jwks.json": { keys: [key.publicJwk] },
  };

  async function challengeFor(agent: string, kid: string | undefined): Promise<string> {
    const { jwk } = await discovery.key(february2026.documents.kinds.agent, agent, kid);
    const agentJkt = await jwkThumbprint(jwk);
    const resourceToken = await issueResourceToken({
      ...{ key, resource: id, authServer: issuer, agent, agentJkt, scope },
    });
    return `httpsig; auth-token; resource_token="${resourceToken}"; auth_server="${issuer}"`;
  }

  async function answer(
    signatureKey: string,
    body: string,
  ): Promise<[status: number, text: string, agentAuth?: string]> {
    const claim = parseSignatureKey(signatureKey);
    own.seen.push(claim.scheme);
    if ("id" in claim) return [401, "Authorization required", await challengeFor(claim.id, claim.kid)];
    if (own.rejects-- > 0)
      return [401, "Authorization required", `httpsig; auth-token; auth_server="${issuer}"`];
    const { id: rpcId } = JSON.parse(body) as { id: unknown };
    const parts = [{ kind: "text", text: "# Report" }];
    const result = { kind: "message", messageId: "m", role: "agent", parts };
    return [200, JSON.stringify({ jsonrpc: "2.0", id: rpcId, result })];
  }

  const server = createServer(async (incoming, outgoing) => {
    const document = published[incoming.url ?? ""];
    if (document !== undefined) return outgoing.end(JSON.stringify(document));
    const body = (await incoming.toArray()).join("");
    const [status, text, agentAuth] = await answer(String(incoming.headers["signature-key"]), body);
    outgoing.writeHead(status, {
      "content-type": status === 200 ? "application/json" : "text/plain; charset=utf-8",
      ...(agentAuth !== undefined && { "agent-auth": agentAuth }),
    });
    return outgoing.end(text);
  });
  const own: Peer = { server, seen: [], rejects: 0 };
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return own;
}

test("the backend says so in the agent's words, asks again once where it held the token, and goes on when it is accepted", async () => {
  stack = await startStack({
    without: ["supply-chain-agent"],
    env: { backend: { AAUTH_AUTH_TOKEN_CACHE_TTL: "600" } },
  });
  const { supplyChainAgent: id, issuer } = stack.urls;
  const { supplyChainAgent: port } = stack.ports;
  peer = await startPeer({ id, port, issuer, scope: "supply-chain:optimize" });
  const user = await signIn(stack);
  const runs = async (rejects: number) => {
    peer!.rejects = rejects;
    peer!.seen.length = 0;
    const { status, failure } = await user.run();
    return { status, failure, seen: [...peer!.seen] };
  };
  const rejected = {
    ...{ status: "failed", seen: ["jwks", "jwt"] },
    failure: {
      ...{ hop: "supply-chain-agent", check: "signature", code: "auth_token_rejected" },
      message: "The supply-chain agent rejected the auth token: Authorization required",
    },
  };
  expect(await runs(1)).toMatchObject(rejected);
  expect(await runs(0)).toMatchObject({ status: "completed", seen: ["jwks", "jwt"] });
  expect(await runs(1)).toMatchObject({ status: "completed", seen: ["jwt", "jwks", "jwt"] });
  expect(await runs(2)).toMatchObject({ ...rejected, seen: ["jwt", "jwks", "jwt"] });
});

test("the supply-chain agent says so of the next hop in its report", async () => {
  stack = await startStack({ without: ["market-analysis-agent"] });
  const { marketAnalysisAgent: id, issuer } = stack.urls;
  const { marketAnalysisAgent: port } = stack.ports;
  peer = await startPeer({ id, port, issuer, scope: "market-analysis:analyze" });
  peer.rejects = 1;
  const user = await signIn(stack);
  const progress = await user.run();
  const failure = { hop: "market-analysis-agent", code: "auth_token_rejected" };
  expect(progress).toMatchObject({ status: "failed", failure });
  const report = JSON.stringify(await user.report(progress));
  expect(report).toContain("the resource rejected the auth token: Authorization required");
  expect(report).toContain("supply-chain-agent -> market-analysis-agent");
  expect(peer.seen).toEqual(["jwks", "jwt"]);
});

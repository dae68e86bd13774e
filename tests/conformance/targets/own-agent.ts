/**
 * Our agent behind JSON lines: a program that `aauth-conformance agent --command` starts.
 *
 * @module
 */

import { createInterface } from "node:readline";
import {
  AAuthAgentError,
  createAddressMap,
  createDiscovery,
  importSigningKey,
  type PrivateJwk,
  type SigningKey,
} from "aauth";
import { type Agent, createAgent } from "aauth/agent";

interface Line {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly body: string | null;
  /** Address of all parties. */
  readonly address: string;
  readonly key: PrivateJwk & { readonly kid: string };
  readonly agent_token: string;
  readonly upstream_token?: string;
  readonly subagent_token?: string;
}

interface Started {
  readonly agent: Agent;
  key: SigningKey;
  token: string;
}

const NAMES = ["ap", "ps", "ps-other", "resource", "resource-other", "intermediary"];
/** Agents by their identifier, with the key and the agent token of the last line. */
const agents = new Map<string, Started>();

const mapOf = ({ url, address }: Line) => {
  const domain = new URL(url).host.replace(/^[^.]*\./, "");
  return createAddressMap(Object.fromEntries(NAMES.map((name) => [`https://${name}.${domain}`, address])));
};

async function agentOf(line: Line): Promise<Agent> {
  const key = await importSigningKey(line.key, { kid: line.key.kid });
  const claims = JSON.parse(Buffer.from(line.agent_token.split(".")[1]!, "base64url").toString());
  const id = String(claims.sub);
  const started = agents.get(id) ?? start(id, mapOf(line));
  Object.assign(started, { key, token: line.agent_token });
  agents.set(id, started);
  return started.agent;
}

function start(id: string, addresses: ReturnType<typeof mapOf>): Started {
  const held: { key?: SigningKey; token?: string } = {};
  // An earlier key signs nothing.
  const usable = () => [held.key!];
  const rotate = () => Promise.reject(new Error("the suite brings the keys"));
  const agent = createAgent({
    id,
    key: { current: () => held.key!, usable, published: usable, held: () => [], rotate },
    agentToken: async () => held.token!,
    discovery: createDiscovery({ addresses }),
    timeouts: { tokenRequestMs: 2000, waitingMs: 20_000 },
  });
  return Object.assign(held, { agent }) as Started;
}

async function outcomeOf(line: Line): Promise<object> {
  const { method, url, body, upstream_token: upstreamToken, subagent_token: subagentToken } = line;
  try {
    const agent = await agentOf(line);
    if (subagentToken !== undefined) {
      await agent.tokenForSubAgent({ subagentToken, resource: new URL(url).origin });
      return { status: 200 };
    }
    const call = agent.fetchFor({
      upstreamToken,
      onInteraction: async ({ page }) => {
        const { host, pathname, search } = new URL(page);
        await mapOf(line).requests(`https://${host}${pathname}${search}`, { method: "GET", headers: {} });
      },
      onClarification: async () => ({ action: "respond", response: "For the suite" }),
    });
    const headers = { "content-type": "application/json" };
    const response = await call(url, body === null ? { method } : { method, body, headers });
    await response.text();
    return { status: response.status };
  } catch (error) {
    if (error instanceof AAuthAgentError) return { error: error.code };
    throw error;
  }
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as Line;
  console.log(JSON.stringify({ id: line.id, ...(await outcomeOf(line)) }));
}

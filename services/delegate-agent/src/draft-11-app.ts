import { canonicalAuthority, draft11, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { createVerifier } from "aauth/resource";
import { TOKEN_TYPES } from "aauth/wire";
import { AgentHttpError } from "agent-kit/a2a";
import { draft11Parties, requireServerIdentifier, subAgentId } from "agent-kit/draft-11";
import { createAgentLog } from "agent-kit/protocol-log";
import type { FastifyInstance } from "fastify";
import { createAgentTrace, traceDiscovery } from "protocol-trace";
import { AgentTokenError, createAgentTokens } from "./agent-tokens.ts";
import type { DelegateAgentDeps } from "./app.ts";
import { askParent, REFUSED_BY_PARENT } from "./ask-parent.ts";
import type { DelegateAgentConfig } from "./config.ts";
import { loadCredential } from "./credential.ts";
import { createDelegate, type Delegate } from "./delegate.ts";
import { describeDraft11Event } from "./describe-draft-11-event.ts";
import { logged, serveRuns } from "./serve-runs.ts";

/** Users whose sub-agent this process is at a time. The one that came first gives way, and loses its key. */
const MAX_PARENTS = 100;

/**
 * Puts the delegate of draft -11 together. For each agent of the provider that has it work it is another sub-agent, with a key and tokens of its own
 * (section 10.2): who it acts for is the agent that the request is signed by.
 *
 * @throws ConfigError for an identity that draft -11 does not have
 */
export async function buildDraft11DelegateAgent(
  config: DelegateAgentConfig,
  deps: DelegateAgentDeps,
): Promise<{ app: FastifyInstance }> {
  const { logger } = deps;
  const { agentServer, supplyChainAgentUrl, url } = config;
  requireServerIdentifier("delegate-agent", "BACKEND_AGENT_URL", agentServer);
  requireServerIdentifier("delegate-agent", "SUPPLY_CHAIN_AGENT_URL", supplyChainAgentUrl);
  const credential = deps.credential ?? (await loadCredential(config.dataFolder));
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const parties = draft11Parties(config, { id: agentServer, now, discovery: deps.discovery });
  const { personServer } = parties;
  const discovery = traceDiscovery(parties.discovery);
  const transport = deps.transport ?? parties.map.requests;
  const log = logger.child({ logger: "agent_tokens" });

  async function subAgentOf(parentAgent: string): Promise<Delegate> {
    const id = subAgentId(parentAgent, credential.sub);
    const key = await generateSigningKey({ kid: `${credential.sub}-key` });
    const agentToken = createAgentTokens({
      ...{ agentServer, credential, key, discovery, now },
      transport: createAgentTrace(transport).transport,
      kind: { type: TOKEN_TYPES.agent, subject: id, parentAgent },
      onReceived: (claims) => log.info({ claims }, "🔐 Received agent_token"),
    });
    const identity = {
      ...{ id, profile: draft11, key, agentToken, discovery, now },
      trustedAuthServers: personServer === undefined ? [] : [personServer],
      revealTokens: config.showTokens,
    };
    // Without a parent: it is who is asked.
    const channel = createAgent({ ...identity, ...createAgentTrace(transport) });
    const working = createDelegate({
      agent: createAgent({
        ...identity,
        ...createAgentTrace(transport),
        parent: askParent({ channel, provider: agentServer, thumbprint: key.thumbprint }),
      }),
      dropAgentToken: agentToken.drop,
      dialect: { isAgentTokenRefused, describe: describeDraft11Event },
      supplyChainAgentUrl,
      prompt: config.prompt,
      timeoutSeconds: config.timeoutSeconds,
      observer: createAgentLog(logger, "supply-chain-agent"),
    });
    return logged(working, log);
  }

  const subAgents = new Map<string, Promise<Delegate>>();
  const app = await serveRuns({
    logger,
    url,
    // Only agents of the provider may request calls.
    verifier: createVerifier({
      profile: draft11,
      authorities: [canonicalAuthority(url)],
      discovery,
      now,
      trustedAgents: [agentServer],
    }),
    requirement: { level: "agent-token" },
    sub: credential.sub,
    async delegateOf({ agent: parent = "", identityToken }) {
      // One level only: a sub-agent has no sub-agents.
      if (identityToken?.parent_agent !== undefined)
        throw Object.assign(new Error("untrusted_agent"), { statusCode: 403 });
      const known = subAgents.get(parent);
      if (known !== undefined) return known;
      const [oldest] = subAgents.keys();
      if (oldest !== undefined && subAgents.size >= MAX_PARENTS) subAgents.delete(oldest);
      const made = subAgentOf(parent);
      subAgents.set(parent, made);
      return made;
    },
  });
  return { app };
}

/** Also by the parent, as when the provider has lost the key that it was signed with. */
function isAgentTokenRefused(error: unknown): boolean {
  if (error instanceof AgentTokenError) return REFUSED_BY_PARENT.has(error.code);
  return error instanceof AgentHttpError && error.status === 401;
}

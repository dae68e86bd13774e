import { canonicalAuthority, createDiscovery, type Discovery, generateSigningKey } from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { february2026 } from "aauth/february-2026";
import { createVerifier } from "aauth/resource";
import { createAgentLog } from "agent-kit/protocol-log";
import { issuerOf, type ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { createAgentTrace, traceDiscovery } from "protocol-trace";
import { createAgentTokens } from "./agent-tokens.ts";
import type { DelegateAgentConfig } from "./config.ts";
import { type Credential, loadCredential } from "./credential.ts";
import { createDelegate, type Delegate } from "./delegate.ts";
import { logged, serveRuns } from "./serve-runs.ts";

export interface DelegateAgentDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: the one in the data folder, made there if there is none. */
  readonly credential?: Credential;
  readonly discovery?: Discovery;
  readonly transport?: Transport;
  /** Unix seconds. */
  readonly now?: () => number;
}

/** Puts the delegate of February 2026 together: agent tokens, the calls made with them, and the door for the agent server. */
export async function buildDelegateAgent(
  config: DelegateAgentConfig,
  deps: DelegateAgentDeps,
): Promise<{ app: FastifyInstance; delegate: Delegate }> {
  const { logger } = deps;
  const credential = deps.credential ?? (await loadCredential(config.dataFolder));
  const { agentServer, url } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const discovery = traceDiscovery(
    deps.discovery ?? createDiscovery({ development: agentServer.startsWith("http:"), now }),
  );
  const issuer = issuerOf(config);
  // New at each start: what stays is the credential, and with it the name.
  const key = await generateSigningKey({ kid: `${credential.sub}-key` });
  const log = logger.child({ logger: "agent_tokens" });

  const asking = createAgentTrace(deps.transport);
  const agentToken = createAgentTokens({
    agentServer,
    credential,
    key,
    discovery,
    transport: asking.transport,
    now,
    onReceived: (claims) => log.info({ claims }, "🔐 Received agent_token"),
  });
  const traced = createAgentTrace(deps.transport);
  const working = createDelegate({
    agent: createAgent({
      profile: february2026,
      id: agentServer,
      key,
      signatureScheme: "jwks",
      agentToken,
      trustedAuthServers: [issuer],
      discovery,
      revealTokens: config.showTokens,
      transport: traced.transport,
      observer: traced.observer,
      now,
    }),
    dropAgentToken: agentToken.drop,
    supplyChainAgentUrl: config.supplyChainAgentUrl,
    prompt: config.prompt,
    timeoutSeconds: config.timeoutSeconds,
    observer: createAgentLog(logger, "supply-chain-agent"),
  });
  const delegate = logged(working, log);
  const app = await serveRuns({
    logger,
    url,
    // Only the agent server may request calls.
    verifier: createVerifier({
      profile: february2026,
      authorities: [canonicalAuthority(url)],
      discovery,
      now,
      trustedAgents: [agentServer],
    }),
    requirement: { level: "identified" },
    sub: credential.sub,
    delegateOf: async () => delegate,
  });
  return { app, delegate };
}

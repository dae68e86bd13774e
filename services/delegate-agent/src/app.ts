import {
  canonicalAuthority,
  createMemoryStores,
  type Discovery,
  generateSigningKey,
  type Stores,
} from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { createVerifier } from "aauth/resource";
import { createAgentLog } from "agent-kit/protocol-log";
import type { ServiceOptions } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { createAgentTrace, traceDiscovery } from "protocol-trace";
import { createAgentTokens } from "./agent-tokens.ts";
import type { DelegateAgentConfig } from "./config.ts";
import { type Credential, loadCredential } from "./credential.ts";
import { createDelegate, type Delegate } from "./delegate.ts";
import { delegateDialect } from "./delegate-dialect.ts";
import { logged, serveRuns } from "./serve-runs.ts";

/**
 * Limit on the agents that this process acts for. Beyond it, the oldest is dropped with its
 * delegate's key.
 */
const MAX_PARENTS = 100;
const PROMPT = "optimize laptop supply chain";
/** Longest wait for the supply-chain agent in one call, token requests included. */
const CALL_LIMIT_SECONDS = 60;

export interface DelegateAgentDeps {
  readonly logger: ServiceOptions["logger"];
  /** Default: the one in the data folder, created if missing. */
  readonly credential?: Credential;
  readonly discovery?: Discovery;
  readonly transport?: Transport;
  /** Used signatures, which must survive a restart. Default: in memory. */
  readonly stores?: Pick<Stores, "claims">;
  /** Unix seconds. */
  readonly now?: () => number;
}

/**
 * Builds the delegate: agent tokens, calls with them, and the endpoint at which agents request
 * calls. It has a key and tokens for each agent that it acts for; in February 2026 that is only the
 * agent server.
 *
 * @throws ConfigError for an identity or a flag that the profile does not allow
 */
export async function buildDelegateAgent(
  config: DelegateAgentConfig,
  deps: DelegateAgentDeps,
): Promise<{ app: FastifyInstance; delegateOf: (parent: string) => Promise<Delegate> }> {
  const { logger } = deps;
  const { agentServer, supplyChainAgentUrl, url } = config;
  const now = deps.now ?? (() => Math.floor(Date.now() / 1000));
  const { stores = createMemoryStores({ now }) } = deps;
  const dialect = delegateDialect({ config, deps, now });
  const { profile, requirement, transport } = dialect;
  const discovery = traceDiscovery(dialect.discovery);
  const credential = deps.credential ?? (await loadCredential(config.dataFolder));
  const { sub } = credential;
  const log = logger.child({ logger: "agent_tokens" });

  async function createFor(parent: string): Promise<Delegate> {
    // The key is new at each start; the credential, and with it the name, persists.
    const key = await generateSigningKey({ kid: `${sub}-key` });
    const kind = dialect.tokenFor(parent, sub);
    const agentToken = createAgentTokens({
      agentServer,
      credential,
      key,
      kind,
      keyHolder: dialect.keyHolder(kind),
      discovery,
      now,
      transport: createAgentTrace(transport).transport,
      onReceived: (claims) => log.info({ claims }, "🔐 Received agent_token"),
    });
    const shared = { key, agentToken, discovery, revealTokens: config.showTokens, now };
    const agent = dialect.agentFor(kind, key.thumbprint, (options) =>
      createAgent({ ...shared, ...options, ...createAgentTrace(transport) }),
    );
    const working = createDelegate({
      agent,
      dropAgentToken: agentToken.drop,
      dialect: dialect.calls,
      supplyChainAgentUrl,
      prompt: PROMPT,
      timeoutSeconds: CALL_LIMIT_SECONDS,
      observer: createAgentLog(logger, "supply-chain-agent"),
    });
    return logged(working, log);
  }

  const delegates = new Map<string, Promise<Delegate>>();
  function delegateOf(parent: string): Promise<Delegate> {
    const known = delegates.get(parent);
    if (known !== undefined) return known;
    const [oldest] = delegates.keys();
    if (oldest !== undefined && delegates.size >= MAX_PARENTS) delegates.delete(oldest);
    const made = createFor(parent);
    delegates.set(parent, made);
    return made;
  }

  const app = await serveRuns({
    logger,
    url,
    requirement,
    sub,
    // In draft -11, also accepts agents whose provider is the agent server.
    verifier: createVerifier({
      profile,
      authorities: [canonicalAuthority(url)],
      replayStore: stores.claims(`replay ${url}`), // hole V42
      discovery,
      now,
      agentProviders: [agentServer],
    }),
    delegateOf: async (caller) => delegateOf(dialect.parentOf(caller)),
  });
  return { app, delegateOf };
}

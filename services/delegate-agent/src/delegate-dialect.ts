import { type Discovery, draft11, type ProvenCaller, type Requirement } from "aauth";
import type { Agent, AgentOptions, Transport } from "aauth/agent";
import type { VerifierOptions } from "aauth/resource";
import { TOKEN_TYPES } from "aauth/wire";
import { AgentHttpError } from "aauth-a2a";
import { draft11Key, draft11Parties, requireServerIdentifier, subAgentId } from "agent-kit/draft-11";
import { ConfigError, type ProfileName } from "agent-kit/settings";
import { AgentTokenError, type AgentTokenKind } from "./agent-token-request.ts";
import type { KeyHolder } from "./agent-tokens.ts";
import { askParent, REFUSED_BY_PARENT } from "./ask-parent.ts";
import type { DelegateAgentConfig } from "./config.ts";
import { type DescribeEvent, describeDraft11Event } from "./describe-event.ts";
import { februaryDialect } from "./february-2026/delegate-dialect.ts";

/** The dialect's part in calls of a delegate and in reporting them. */
export interface CallDialect {
  /** Whether an error means that the agent token was refused. */
  readonly isAgentTokenRefused: (error: unknown) => boolean;
  readonly describe: DescribeEvent;
}

/** A delegate's differences between wire profiles. */
export interface DelegateDialect {
  /** Profile of the requests that the delegate serves. */
  readonly profile: VerifierOptions["profile"];
  readonly requirement: Requirement;
  readonly discovery: Discovery;
  /** Sends the delegate's own requests. Undefined: to the URLs unchanged. */
  readonly transport: Transport | undefined;
  /**
   * Identifier of the agent for which the delegate acts when this caller requests a call.
   *
   * @throws an error with status 403 for a caller that has no delegate
   */
  parentOf(caller: ProvenCaller): string;
  /** The delegate's agent token for a parent. `sub` comes from the credential. */
  tokenFor(parent: string, sub: string): AgentTokenKind;
  /** The agent that requests such a token, and proves only its key. */
  keyHolder(token: AgentTokenKind): KeyHolder;
  /** @param create creates an agent with the delegate's key (of this thumbprint) and agent token */
  agentFor(token: AgentTokenKind, thumbprint: string, create: CreateAgent): Agent;
  readonly calls: CallDialect;
}

type CreateAgent = (options: Pick<AgentOptions, "id" | "profile" | "personServer" | "parent">) => Agent;

export interface DialectOptions {
  readonly config: DelegateAgentConfig;
  readonly deps: { readonly discovery?: Discovery; readonly transport?: Transport };
  /** Unix seconds. */
  readonly now: () => number;
}

/** @throws ConfigError for an identity or a flag that the profile does not have */
export const delegateDialect = (options: DialectOptions): DelegateDialect =>
  DIALECTS[options.config.profile](options);

const DIALECTS: Record<ProfileName, (options: DialectOptions) => DelegateDialect> = {
  "february-2026": februaryDialect,
  "draft-11": draft11Dialect,
};

const NO_CALL_AT_START = {
  name: "--call",
  message: "needs the published profile: in draft-11 a sub-agent acts for the agent that calls it",
};

/**
 * The delegate is a sub-agent of each of the provider's agents that requests a call (section 10.2).
 */
function draft11Dialect({ config, deps, now }: DialectOptions): DelegateDialect {
  const { agentServer, supplyChainAgentUrl } = config;
  if (config.callAtStart) throw new ConfigError("delegate-agent", [NO_CALL_AT_START]);
  requireServerIdentifier("delegate-agent", "BACKEND_AGENT_URL", agentServer);
  requireServerIdentifier("delegate-agent", "SUPPLY_CHAIN_AGENT_URL", supplyChainAgentUrl);
  const parties = draft11Parties(config, { id: agentServer, now, discovery: deps.discovery });
  const { map, personServer, discovery } = parties;
  return {
    profile: draft11,
    requirement: { level: "agent-token" },
    discovery,
    transport: deps.transport ?? map.requests,
    parentOf({ agent = "", identityToken }) {
      // Sub-agents cannot have sub-agents.
      if (identityToken?.parent_agent !== undefined)
        throw Object.assign(new Error("untrusted_agent"), { statusCode: 403 });
      return agent;
    },
    tokenFor: (parentAgent, sub) => ({
      type: TOKEN_TYPES.agent,
      subject: subAgentId(parentAgent, sub),
      parentAgent,
    }),
    keyHolder: ({ subject: id }) => ({ id, profile: draft11Key }),
    agentFor({ subject: id }, thumbprint, create) {
      const identity = { id, profile: draft11, personServer };
      // Has no parent itself, because it calls the parent.
      const channel = create(identity);
      return create({ ...identity, parent: askParent({ channel, provider: agentServer, thumbprint }) });
    },
    calls: { isAgentTokenRefused: isRefusedTokenOfSubAgent, describe: describeDraft11Event },
  };
}

/**
 * Whether the agent token was refused. The parent refuses it, too, for example after the provider
 * has lost the key that signed it.
 */
function isRefusedTokenOfSubAgent(error: unknown): boolean {
  if (error instanceof AgentTokenError) return REFUSED_BY_PARENT.has(error.code);
  return error instanceof AgentHttpError && error.status === 401;
}

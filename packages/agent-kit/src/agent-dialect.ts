/**
 * Differences between the wire profiles for an agent of the demo: discovery, requirements on
 * callers, and calls.
 *
 * @module
 */

import {
  type AAuthVerificationError,
  type AddressMap,
  type Discovery,
  draft11,
  type Level,
  type Requirement,
} from "aauth";
import type { AgentOptions, Transport } from "aauth/agent";
import type { ResourceOptions } from "aauth/resource";
import { variablePrefix } from "topology";
import type { AgentConfig, NamedAgent } from "./agent-settings.ts";
import { draft11Parties, draft11Requirement, requireServerIdentifier } from "./draft-11.ts";
import { februaryDialect } from "./february-2026/agent-dialect.ts";
import type { ProfileName } from "./service/config/index.ts";
import type { ServiceOptions } from "./service/index.ts";

export interface AgentDialect {
  readonly discovery: Discovery;
  /** Sends the agent's own requests. Undefined: to unmapped addresses. */
  readonly transport: Transport | undefined;
  /** Names of its keys. Default: after the agent. */
  readonly kids?: { readonly kidPrefix: string; readonly firstKid: string };
  /** Requirement on the callers of a task. */
  readonly requirement: Requirement;
  /** Options of `fastifyAAuth` other than identity, key and discovery. */
  readonly resource: Partial<ResourceOptions>;
  /** Issuer of accepted tokens; empty if none are accepted. */
  readonly authServer: string;
  /** Person server of the callers' persons in draft -11. Undefined if callers have none. */
  readonly personServer?: string | undefined;
  /**
   * Whether it calls other agents for its caller's person, with the caller's token, instead of on
   * its own authority.
   */
  readonly onBehalfOfCaller: boolean;
  /** Options of `createAgent` other than key and discovery. */
  calling(
    address: string,
    signatureScheme: "hwk" | "jwks",
  ): Pick<AgentOptions, "id" | "profile" | "personServer" | "timeouts">;
  /** Addresses of the parties, for a profile whose identifiers are not addresses. */
  readonly map?: AddressMap;
  /** Suggested setting for a refused message. */
  readonly hint?: (error: AAuthVerificationError) => string | undefined;
}

export interface DialectOptions {
  readonly agent: NamedAgent;
  readonly config: AgentConfig;
  readonly deps: {
    readonly discovery?: Discovery;
    readonly transport?: Transport;
    readonly logger: ServiceOptions["logger"];
  };
  readonly autonomousLevel?: Level;
  readonly additionalScopes?: readonly string[];
  readonly redirectUris?: readonly string[];
  /** Name on the agent's card. */
  readonly name: string;
  readonly now: () => number;
}

/** @throws ConfigError for an identity that is invalid in the profile */
export const agentDialect = (options: DialectOptions): AgentDialect =>
  DIALECTS[options.config.profile](options);

const DIALECTS: Record<ProfileName, (options: DialectOptions) => AgentDialect> = {
  "february-2026": februaryDialect,
  "draft-11": draft11Dialect,
};

function draft11Dialect({ agent, config, deps, name, now }: DialectOptions): AgentDialect {
  const { idUrl, mode } = config;
  requireServerIdentifier(agent.name, `${variablePrefix(agent.name)}_ID_URL`, idUrl);
  const { map, discovery, personServer, accessServer } = draft11Parties(config, {
    id: idUrl,
    now,
    discovery: deps.discovery,
  });
  const requirement = draft11Requirement(mode, agent.scope);
  return {
    discovery,
    transport: deps.transport ?? map.requests,
    requirement,
    authServer: accessServer ?? personServer ?? "",
    personServer,
    onBehalfOfCaller: personServer !== undefined,
    resource: {
      profile: draft11,
      about: { name },
      // Its own agent provider.
      agent: { name, localhost_callback_allowed: true },
      ...(personServer !== undefined && { personServers: [personServer] }),
      accessServer,
      ...(requirement.scopes !== undefined && {
        scopes: requirement.scopes,
        scopeDescriptions: { [agent.scope]: agent.scopeDescription },
      }),
    },
    calling: () => ({
      id: `aauth:${agent.name}@${new URL(idUrl).host}`,
      profile: draft11,
      personServer,
      timeouts: { requestMs: Number.POSITIVE_INFINITY, waitingMs: Number.POSITIVE_INFINITY },
    }),
    map,
  };
}

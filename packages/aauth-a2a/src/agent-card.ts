import type { AgentCard, AgentSkill, SecurityRequirement } from "@a2a-js/sdk";

/** One skill, in the few words a card needs. */
export interface AgentSkillOptions {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly examples?: readonly string[];
}

/** Description of an agent for its card. */
export interface AgentCardOptions {
  readonly name: string;
  readonly description: string;
  /** Version of the agent, not of the protocol. */
  readonly version: string;
  /** Absolute URL of the JSON-RPC endpoint, as callers reach it. */
  readonly url: string;
  readonly provider?: { readonly organization: string; readonly url: string };
  readonly documentationUrl?: string;
  readonly iconUrl?: string;
  readonly skills: readonly AgentSkillOptions[];
  /**
   * Scopes a caller's bearer token needs; named in the card under the scheme `bearerAuth`. Default:
   * none.
   */
  readonly scopes?: readonly string[];
  /** True when callers that prove themselves get more than the public card. Default false. */
  readonly extendedCard?: boolean;
}

/** MIME type of the agents' input and output. */
const TEXT = "text/plain";

/**
 * Builds an agent card of protocol 1.0, which lists the endpoint for 0.3 and 1.0.
 * `toLegacyAgentCard` converts it to the 0.3 form.
 *
 * Does NOT check the values, which come from the agent's own code and configuration.
 *
 * @example
 * const skills = [{ id: "echo", name: "Echo", description: "Repeats", tags: [] }];
 * const about = { name: "Echo", description: "Says it again", version: "1.0.0" };
 * const card = createAgentCard({ ...about, url: "http://localhost:9999/", skills });
 */
export function createAgentCard(options: AgentCardOptions): AgentCard {
  const security: SecurityRequirement[] = options.scopes
    ? [{ schemes: { bearerAuth: { list: [...options.scopes] } } }]
    : [];
  const endpoint = { url: options.url, protocolBinding: "JSONRPC", tenant: "" };
  return {
    name: options.name,
    description: options.description,
    version: options.version,
    // 0.3 comes first, for clients that use the first entry they support.
    supportedInterfaces: [
      { ...endpoint, protocolVersion: "0.3" },
      { ...endpoint, protocolVersion: "1.0" },
    ],
    provider: options.provider ? { ...options.provider } : undefined,
    documentationUrl: options.documentationUrl,
    iconUrl: options.iconUrl,
    capabilities: {
      streaming: false,
      pushNotifications: false,
      extendedAgentCard: options.extendedCard ?? false,
      extensions: [],
    },
    securitySchemes: options.scopes
      ? {
          bearerAuth: {
            scheme: {
              $case: "httpAuthSecurityScheme",
              value: {
                scheme: "bearer",
                bearerFormat: "JWT",
                description: "Auth token of an AAuth auth server",
              },
            },
          },
        }
      : {},
    securityRequirements: security,
    defaultInputModes: [TEXT],
    defaultOutputModes: [TEXT],
    skills: options.skills.map(toSkill),
    signatures: [],
  };
}

function toSkill(skill: AgentSkillOptions): AgentSkill {
  return {
    id: skill.id,
    name: skill.name,
    description: skill.description,
    tags: [...skill.tags],
    examples: [...(skill.examples ?? [])],
    inputModes: [TEXT],
    outputModes: [TEXT],
    securityRequirements: [],
  };
}

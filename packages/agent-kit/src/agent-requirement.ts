import type { Level, Requirement } from "aauth";
import type { AgentConfig, NamedAgent } from "./agent-settings.ts";
import { acceptedAtRoute } from "./published-peers.ts";

/**
 * What a caller of an agent must prove, by the agent's `AAUTH_AUTHORIZATION_SCHEME`. A signature is
 * always needed; the February-2026 demo served unsigned requests, and in the schemes with tokens
 * callers known only by their key.
 *
 * @param options.additionalScopes demanded in user-delegated only, so that a token exchange has
 * something to pass on
 * @param options.autonomousLevel level of the autonomous scheme. Default `authorized`; the demo's
 * agent was content with any signature
 */
export function agentRequirement(options: {
  readonly agent: Pick<NamedAgent, "scope">;
  readonly config: Pick<AgentConfig, "authorizationScheme" | "publishedPeers" | "publishedHwk">;
  readonly additionalScopes?: readonly string[];
  readonly autonomousLevel?: Level;
}): Requirement {
  const { agent, config, additionalScopes = [], autonomousLevel = "authorized" } = options;
  switch (config.authorizationScheme) {
    case "signature-only":
      return acceptedAtRoute({ level: "pseudonymous" }, config);
    case "autonomous":
      return autonomousLevel === "authorized"
        ? { level: autonomousLevel, scopes: [agent.scope] }
        : acceptedAtRoute({ level: autonomousLevel }, config);
    case "user-delegated":
      // The agent's own scope needs no consent, so an agent gets it for itself, too.
      return { level: "authorized", scopes: [agent.scope, ...additionalScopes], subject: "required" };
  }
}

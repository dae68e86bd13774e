import type { Level, Requirement } from "aauth";
import type { AgentConfig, NamedAgent } from "../agent-settings.ts";
import { acceptedAtRoute } from "./published-peers.ts";

/**
 * Requirement on the callers of an agent, by its `AAUTH_AUTHORIZATION_SCHEME`. A signature is
 * always required; the published demo also served unsigned requests and, in the schemes with
 * tokens, callers known only by their key.
 *
 * @param options.additionalScopes required only in user-delegated, for the token exchange
 * @param options.autonomousLevel level of the autonomous scheme. Default `authorized`; the
 * published agent accepted any signature
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
      // The agent's own scope needs no consent, so an agent can obtain it without a user; hence
      // `subject`.
      return { level: "authorized", scopes: [agent.scope, ...additionalScopes], subject: "required" };
  }
}

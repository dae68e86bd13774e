import { createDiscovery } from "aauth";
import { february2026, february2026Agent, february2026Tokens, parseAgentAuth } from "aauth/february-2026";
import { AgentHttpError } from "aauth-a2a";
import { issuerOf } from "agent-kit/settings";
import type { CallDialect, DelegateDialect, DialectOptions } from "../delegate-dialect.ts";
import { describeFebruaryEvent } from "./describe-event.ts";

export const februaryCalls: CallDialect = {
  isAgentTokenRefused: wantsSignature,
  describe: describeFebruaryEvent,
};

export function februaryDialect({ config, deps, now }: DialectOptions): DelegateDialect {
  const { agentServer } = config;
  return {
    profile: february2026,
    requirement: { level: "identified" },
    discovery: deps.discovery ?? createDiscovery({ development: agentServer.startsWith("http:"), now }),
    transport: deps.transport,
    // Only the agent server may request calls.
    parentOf: () => agentServer,
    tokenFor: (_parent, sub) => ({ type: february2026Tokens.types.agent, subject: sub }),
    keyHolder: () => ({
      id: agentServer,
      profile: february2026Agent({ authServers: [], signatureScheme: "hwk", mayIdentify: false }),
    }),
    agentFor: (_token, _thumbprint, create) =>
      create({
        id: agentServer,
        profile: february2026Agent({ authServers: [issuerOf(config)], signatureScheme: "jwks" }),
      }),
    calls: februaryCalls,
  };
}

/**
 * Whether a 401 requires a signature. An authenticated caller would be asked for an auth token
 * instead.
 */
function wantsSignature(error: unknown): boolean {
  if (!(error instanceof AgentHttpError) || error.status !== 401) return false;
  const { challenge } = error.answer;
  if (challenge === undefined) return false;
  // Already parsed by the agent: a malformed challenge fails the call with another error.
  const { level, userInteraction } = parseAgentAuth(challenge);
  return level === "pseudonymous" && userInteraction === undefined;
}

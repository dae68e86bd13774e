import { type Discovery, decodeToken, type SigningKey } from "aauth";
import { type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { type AgentTokenKind, requestAgentToken } from "./agent-token-request.ts";
import type { Credential } from "./credential.ts";

const RENEW_BEFORE_SECONDS = 30;

/**
 * Agent tokens for a delegate's keys. Each is requested once, and again shortly before it expires.
 */
export interface AgentTokens {
  (key: SigningKey): Promise<string>;
  /**
   * Drops the cached token after it was refused, for example because the agent server has lost the
   * key that signed it.
   */
  drop(): void;
}

/** An agent that proves only its key, because it has no identity before its first token. */
export type KeyHolder = Pick<AgentOptions, "id" | "profile">;

/**
 * Requests tokens from the agent server (profile 6.7), which in draft -11 is the agent provider.
 * The request is signed with the key to be bound to the token, and carries a client assertion that
 * names this key and is signed with the credential (RFC 7523).
 *
 * @throws (from the function) AgentTokenError
 */
export function createAgentTokens(options: {
  agentServer: string;
  credential: Credential;
  key: SigningKey;
  discovery: Discovery;
  transport: Transport;
  kind: AgentTokenKind;
  keyHolder: KeyHolder;
  /** Receives the claims of each new token. */
  onReceived: (claims: Readonly<Record<string, unknown>>) => void;
  /** Unix seconds. */
  now: () => number;
}): AgentTokens {
  const { discovery, transport, now } = options;
  const keyHolder = createAgent({
    ...options.keyHolder,
    key: options.key,
    discovery,
    transport,
    now,
  });
  let held: { thumbprint: string; token: Promise<string>; renewAt: number } | undefined;

  const agentTokens = (key: SigningKey): Promise<string> => {
    if (held?.thumbprint === key.thumbprint && now() < held.renewAt) return held.token;
    const asked = {
      thumbprint: key.thumbprint,
      token: requestAgentToken(key, { ...options, keyHolder }),
      renewAt: Number.POSITIVE_INFINITY,
    };
    held = asked;
    asked.token.then(
      (token) => {
        const { exp } = decodeToken(token).claims as { exp: number };
        asked.renewAt = exp - Math.min(RENEW_BEFORE_SECONDS, (exp - now()) / 2);
      },
      () => {
        if (held === asked) held = undefined;
      },
    );
    return asked.token;
  };
  const drop = () => {
    held = undefined;
  };
  return Object.assign(agentTokens, { drop });
}

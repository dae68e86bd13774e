import type { SigningKey } from "aauth";
import { february2026Tokens } from "aauth/february-2026";
import { z } from "zod";
import { CREDENTIAL, type DelegateTokens, REQUEST } from "../delegates/delegate-tokens.ts";
import { TokenRefusal } from "../delegates/token-refusal.ts";

const tokenRequest = z.strictObject({
  ...REQUEST,
  /** Requested audiences, a subset of the allowed ones. Default: all of them. */
  aud: z.union([z.string(), z.array(z.string()).min(1).max(10)]).optional(),
  ...CREDENTIAL,
});

/** Agent tokens for each delegate of the agent and the given audiences. */
export const februaryTokens = (options: {
  /** Own identifier: `iss` of agent tokens. */
  agent: string;
  /** Signs agent tokens; the caller publishes it until the last of them has expired. */
  key: () => SigningKey;
  /** Allowed audiences of agent tokens. */
  audiences: readonly string[];
  lifetimeSeconds: number;
  /** Unix seconds. */
  now: () => number;
}): DelegateTokens<z.output<typeof tokenRequest>> => ({
  request: tokenRequest,
  members: "sub, cnf_jwk and a client assertion are required; aud is optional",
  async issue({ aud }, delegate, confirmed) {
    const { agent, key, audiences, lifetimeSeconds, now } = options;
    const audience = [aud ?? audiences].flat();
    if (!audience.every((name) => audiences.includes(name))) {
      throw new TokenRefusal(400, "invalid_target", "aud is not an allowed audience of agent tokens");
    }
    const token = await february2026Tokens.issueAgentToken({
      key: key(),
      agent,
      delegate,
      confirmationKey: confirmed.publicJwk,
      audience,
      lifetimeSeconds,
      now,
    });
    return { token, name: delegate };
  },
});

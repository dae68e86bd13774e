import { jwkThumbprint } from "aauth";
import type { TracedToken } from "./attribute-names.ts";

/** The key that a token names, and its intended owner. */
export interface TokenBinding {
  /** RFC 7638 thumbprint. */
  readonly thumbprint: string;
  /** Claim that names the key: `cnf.jwk`, or `agent_jkt` of a resource token. */
  readonly claim: "cnf.jwk" | "agent_jkt";
  /** Identifier of the agent to which the key belongs. */
  readonly agent: string | undefined;
}

/**
 * Finds the key that a token is bound to; undefined if it names none, or one without a thumbprint.
 */
export async function tokenBinding({ kind, claims = {} }: TracedToken): Promise<TokenBinding | undefined> {
  const named = kind === "aa-agent+jwt" ? claims.sub : kind === "agent+jwt" ? claims.iss : claims.agent;
  const agent = typeof named === "string" ? named : undefined;
  if (typeof claims.agent_jkt === "string") {
    return { thumbprint: claims.agent_jkt, claim: "agent_jkt", agent };
  }
  const { jwk } = (claims.cnf ?? {}) as { jwk?: unknown };
  try {
    return { thumbprint: await jwkThumbprint(jwk as never), claim: "cnf.jwk", agent };
  } catch {
    return undefined;
  }
}

/**
 * Issues the tokens of February 2026 (profile 4): for agents, auth servers and resources.
 *
 * @module
 */

import { confirmationMembers } from "../keys/verification-key.ts";
import { type IssuedToken, issueToken, newJti } from "../tokens/issue-token.ts";
import { type TokenSigner, tokenSignerOf } from "../tokens/token-signer.ts";
import type { ActClaim, PublicJwk, SigningKey } from "../types.ts";
import type { FebruaryAuthTokenClaims } from "./claims.ts";
import { AGENT_TOKEN, AUTH_TOKEN, RESOURCE_TOKEN } from "./token-schemas.ts";

/** An agent token to issue. */
export interface IssueAgentTokenOptions {
  /** A key published in the agent's key set. */
  readonly key: SigningKey;
  /** Identifier of the agent server, under whose identity the delegate acts. */
  readonly agent: string;
  /** Identifier of the delegate, stable across key rotation. 1 to 2048 characters. */
  readonly delegate: string;
  /** The delegate's public key. */
  readonly confirmationKey: PublicJwk;
  /** Recipients that may accept the token. Default: any. */
  readonly audience?: string | readonly string[];
  /** Default 3600. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues an agent token: claims `iss, sub, exp, cnf, [aud]`.
 *
 * Does NOT check that the delegate holds the private key: the caller must have verified a request
 * signed with it.
 *
 * @throws TypeError for an invalid `delegate`
 * @throws RangeError unless the lifetime is a positive whole number
 */
export async function issueAgentToken(options: IssueAgentTokenOptions): Promise<string> {
  const { key, agent, delegate, audience, lifetimeSeconds, now } = options;
  const jwk = confirmationMembers(options.confirmationKey);
  const signing = { signer: tokenSignerOf(key), lifetimeSeconds, now };
  const { token } = await issueToken(AGENT_TOKEN, signing, ({ exp }) => ({
    iss: agent,
    sub: delegate,
    exp,
    cnf: { jwk },
    aud: audience,
  }));
  return token;
}

/** Identity claims of an auth token (SPEC 7.4), with OpenID Connect's meaning. */
export interface UserClaims {
  readonly name?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

/** An auth token to issue. */
export interface IssueAuthTokenOptions {
  /** The key of the auth server. */
  readonly signer: TokenSigner;
  /** Identifier of the auth server. */
  readonly issuer: string;
  /** Identifier of the resource. */
  readonly audience: string;
  /** The requester; omit it if it is the resource itself. Default: omitted. */
  readonly agent?: string;
  /** The delegate that acts for the agent. Default: none. */
  readonly agentDelegate?: string;
  /** The user the agent acts for. Default: none. */
  readonly subject?: string;
  /** Identity claims with the user's consent, in addition to `subject`. Default: none. */
  readonly userClaims?: UserClaims;
  /** The requester's key. Its `kid` is copied, without a meaning. */
  readonly confirmationKey: PublicJwk;
  /** Space-separated scopes. Default: none. */
  readonly scope?: string;
  /** Set for a token exchange. Default: none. */
  readonly act?: ActClaim;
  /** A whole number. Default 300. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues an auth token with claims in the order of the Keycloak extension, plus `jti`; with `act`
 * also `nbf`.
 *
 * Checks only the lifetime. Does NOT decide whether to issue, which is the auth server's policy.
 *
 * @throws RangeError unless the lifetime is a positive whole number
 */
export async function issueAuthToken(
  options: IssueAuthTokenOptions,
): Promise<IssuedToken<FebruaryAuthTokenClaims>> {
  const { issuer, audience, subject, agent, agentDelegate, scope, act, userClaims } = options;
  const { kty, ...coordinates } = confirmationMembers(options.confirmationKey);
  const { kid } = options.confirmationKey;
  const named = kid === undefined ? {} : { kid };
  return issueToken(AUTH_TOKEN, options, ({ iat, exp }) => ({
    exp,
    iat,
    nbf: act === undefined ? undefined : iat,
    iss: issuer,
    aud: audience,
    sub: subject,
    agent,
    agent_delegate: agentDelegate,
    cnf: { jwk: { ...named, kty, use: "sig", ...coordinates } as PublicJwk },
    scope,
    act,
    ...userClaims,
    jti: newJti(),
  }));
}

/** A resource token to issue. */
export interface IssueResourceTokenOptions {
  /** A key that the resource publishes. */
  readonly key: SigningKey;
  /** Identifier of the resource that issues. */
  readonly resource: string;
  /** Issuer identifier of the auth server that redeems the token. */
  readonly authServer: string;
  /** The proven agent. */
  readonly agent: string;
  /** Thumbprint of the key that signed the challenged request. */
  readonly agentJkt: string;
  /** Space-separated scopes. */
  readonly scope: string;
  /** Default 300, at most 600. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues a resource token. Its content is deterministic: sorted header, claims `iss, aud, agent,
 * agent_jkt, exp, scope`.
 *
 * Does NOT check that `agent` owns `agentJkt`: the caller must have verified a request first.
 *
 * @throws RangeError for a lifetime outside 1 to 600 s
 *
 * @example
 * await issueResourceToken({ key, resource, authServer, agent: caller.agent, agentJkt: caller.thumbprint, scope });
 */
export async function issueResourceToken(options: IssueResourceTokenOptions): Promise<string> {
  const { key, resource, authServer, agent, agentJkt, scope, lifetimeSeconds, now } = options;
  const signing = { signer: tokenSignerOf(key), lifetimeSeconds, now };
  const { token } = await issueToken(RESOURCE_TOKEN, signing, ({ exp }) => ({
    iss: resource,
    aud: authServer,
    agent,
    agent_jkt: agentJkt,
    exp,
    scope,
  }));
  return token;
}

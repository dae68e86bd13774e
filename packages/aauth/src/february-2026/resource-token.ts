/**
 * Resource tokens (`resource+jwt`): a resource tells an auth server who asked for what (profile 4.1).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import {
  checkAudience,
  checkHeader,
  checkNotBefore,
  checkTimeShapes,
  isExpired,
  missing,
  optionalString,
  requiredString,
} from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt, signJwt } from "../tokens/jwt.ts";
import { verifyWithPublishedKey } from "../tokens/published-key.ts";
import { tokenSignerOf } from "../tokens/token-signer.ts";
import type { SigningKey } from "../types.ts";
import type { ResourceTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import {
  RESOURCE_TOKEN_MAX_SECONDS,
  RESOURCE_TOKEN_SECONDS,
  TOKEN_ALGORITHMS,
  TOKEN_TYPES,
} from "./names.ts";

/** A resource token to issue. */
export interface IssueResourceTokenOptions {
  /** A key that the resource publishes. */
  readonly key: SigningKey;
  /** Identifier of the resource that issues. */
  readonly resource: string;
  /** Issuer identifier of the auth server the token is for. */
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
 * Issues a resource token. Bytes are deterministic: sorted header, claims `iss, aud, agent, agent_jkt, exp, scope`.
 *
 * Does NOT check that `agent` owns `agentJkt`: the caller must have verified a request first.
 *
 * @throws RangeError when the lifetime is not between 1 and 600 s.
 *
 * @example
 * await issueResourceToken({ key, resource, authServer, agent: caller.agent, agentJkt: caller.thumbprint, scope });
 */
export function issueResourceToken(options: IssueResourceTokenOptions): Promise<string> {
  const lifetimeSeconds = options.lifetimeSeconds ?? RESOURCE_TOKEN_SECONDS;
  requireResourceTokenLifetime(lifetimeSeconds);
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { alg, kid, sign } = tokenSignerOf(options.key);
  const claims: ResourceTokenClaims = {
    iss: options.resource,
    aud: options.authServer,
    agent: options.agent,
    agent_jkt: options.agentJkt,
    exp: now() + lifetimeSeconds,
    scope: options.scope,
  };
  return signJwt({ alg, kid, typ: TOKEN_TYPES.resource }, claims, sign);
}

/** The issuer's clock may be ahead. */
const SKEW_SECONDS = 5;

/** @throws RangeError when it is not between 1 and 600 s. */
export function requireResourceTokenLifetime(seconds: number): void {
  const most = RESOURCE_TOKEN_MAX_SECONDS;
  // A text that reads like a number would pass, and be written behind the time.
  if (!(Number.isFinite(seconds) && seconds >= 1 && seconds <= most)) {
    throw new RangeError(`lifetimeSeconds must be 1 to ${most}`);
  }
}

/** What a resource token is compared with. */
export interface VerifyResourceTokenOptions {
  /** Issuer identifier of the auth server that verifies. */
  readonly audience: string;
  /** The proven requester. */
  readonly agent: string;
  /** Thumbprint of the key that signed the token request. */
  readonly agentJkt: string;
  /** Finds the keys of resources: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Verifies a resource token at the auth server: type, algorithm, audience, agent, key binding, expiry (at most 600 s
 * ahead), and last its signature with the key the resource publishes.
 *
 * @throws AAuthError any code of the token and discovery groups.
 *
 * Does NOT check whether the resource is one to serve, or the scope: that is policy.
 */
export async function verifyResourceToken(
  token: string,
  options: VerifyResourceTokenOptions,
): Promise<ResourceTokenClaims> {
  const decoded = decodeJwt(token);
  const { alg, kid } = checkHeader(decoded, RESOURCE_TOKEN);
  const claims = readResourceClaims(decoded);
  checkResourceClaims(claims, options, (options.now ?? (() => Math.floor(Date.now() / 1000)))());
  await verifyWithPublishedKey(
    token,
    alg,
    { kind: documents.kinds.resource, id: claims.iss, kid },
    options.discovery,
  );
  return claims;
}

/** Header of a resource token. */
export const RESOURCE_TOKEN = { type: TOKEN_TYPES.resource, algorithms: TOKEN_ALGORITHMS };

/** The claims in their shape, not yet compared with anything. */
export function readResourceClaims({ claims }: DecodedToken): ResourceTokenClaims {
  checkTimeShapes(claims);
  for (const name of ["iss", "aud", "agent", "agent_jkt"]) requiredString(claims, name);
  const scope = optionalString(claims, "scope");
  if (scope === undefined && optionalString(claims, "auth_request_url") === undefined) throw missing("scope");
  return claims as unknown as ResourceTokenClaims;
}

/** What both readers of a resource token compare: the agent that was challenged and the auth server. */
export function checkResourceClaims(
  claims: ResourceTokenClaims,
  expected: { audience: string; agent: string; agentJkt: string },
  now: number,
): void {
  checkAudience(claims.aud, expected.audience);
  if (claims.agent !== expected.agent) {
    throw new AAuthVerificationError(
      "token_agent_mismatch",
      "the resource token names another agent than the requester",
      {
        claim: "agent",
        expected: expected.agent,
      },
    );
  }
  if (claims.agent_jkt !== expected.agentJkt) {
    throw new AAuthVerificationError("token_key_mismatch", "the resource token is bound to another key", {
      claim: "agent_jkt",
      expected: expected.agentJkt,
    });
  }
  checkNotBefore(claims as { iat?: number; nbf?: number }, now);
  if (isExpired(claims.exp, now)) {
    throw new AAuthVerificationError("token_expired", "the resource token has expired", { claim: "exp" });
  }
  const latest = now + RESOURCE_TOKEN_MAX_SECONDS + SKEW_SECONDS;
  if (claims.exp > latest) {
    const most = RESOURCE_TOKEN_MAX_SECONDS;
    throw new AAuthVerificationError("malformed_token", `the resource token is good for more than ${most} s`);
  }
}

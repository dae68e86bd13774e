/**
 * Finds the key a message says it was signed with, and who its owner is.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import type { JwksSignatureKey, JwksUriSignatureKey, SignatureKey } from "../headers/signature-key.ts";
import { verificationKey } from "../keys/verification-key.ts";
import type { Discovery } from "../metadata/discovery.ts";
import { isIdentifier } from "../metadata/url-guard.ts";
import { PROFILE } from "../profile.ts";
import type { KeySource } from "../signing/report.ts";
import { verifyAgentToken } from "../tokens/agent-token.ts";
import { examineAuthToken, rejudge } from "../tokens/auth-token.ts";
import { tokenType } from "../tokens/jwt.ts";
import { type TrustPolicy, trusts } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type {
  AgentTokenClaims,
  AuthorizedAgent,
  AuthTokenClaims,
  VerificationKey,
  VerifiedAgent,
} from "../types.ts";
import type { Trail } from "./trail.ts";

/** Who a message says it is from. A claim until its signature verifies with one of the keys. */
export interface Claimant {
  /** One key, except where {@link AuthTokenHolder} offers several. */
  readonly keys: readonly VerificationKey[];
  /** Who the caller is, given the key that has proven to be its own. */
  identify(key: VerificationKey): VerifiedAgent;
  /** The auth token is in order but for its age. */
  readonly tokenExpired: boolean;
  /** Where the key came from the cache: the key that has taken its name since, if there is one. */
  readonly replacedKey?: () => Promise<VerificationKey | undefined>;
}

/**
 * Says who holds an auth token found in `Signature-Key`, and with which keys (10 at most) it may have signed.
 * It must verify the token itself. The holder comes back as an identified agent, never as an authorized one.
 *
 * @throws AAuthError of the token and discovery groups.
 */
export type AuthTokenHolder = (token: string) => Promise<{ agent: string; keys: readonly unknown[] }>;

export interface FindKeyOptions {
  readonly audience: string | undefined;
  readonly trustedIssuers: readonly string[];
  readonly trustedAgents: TrustPolicy | undefined;
  readonly authTokenHolder: AuthTokenHolder | undefined;
  readonly discovery: Discovery;
  readonly now: () => number;
  readonly authTokens: VerifiedTokens<AuthTokenClaims>;
  readonly agentTokens: VerifiedTokens<AgentTokenClaims>;
  readonly cryptoMode: "sync" | "pool";
  /** Take `id` itself for a key set when `well-known` is absent, as SPEC says and nobody does. */
  readonly bareIdIsKeySet: boolean;
}

/** Of an identifier, in an error. */
const MAX_SHOWN_CHARACTERS = 200;
/** Each candidate costs a verification. */
const MAX_CANDIDATE_KEYS = 10;

/**
 * The key by scheme: hwk from the header, jwks by discovery, jwt from the token once that is fully validated.
 *
 * @throws AAuthError of the message, discovery and token groups.
 */
export function findKey(claim: SignatureKey, options: FindKeyOptions, trail: Trail): Awaitable<Claimant> {
  if (claim.scheme === "jwt") {
    trail.enter("token");
    const known = knownClaimant(claim.jwt, options, trail);
    if (known !== undefined) return known;
    const typ = tokenType(claim.jwt);
    if (typ === PROFILE.tokenTypes.agent) return fromAgentToken(claim.jwt, options, trail);
    if (typ === PROFILE.tokenTypes.auth) return fromAuthToken(claim.jwt, options, trail);
    throw new AAuthError("token_type_mismatch", "the token is neither an auth token nor an agent token");
  }
  trail.skip("token", `scheme ${claim.scheme} has none`);
  trail.enter("key");
  if (claim.scheme === "jwks") return fromKeySet(claim, options, trail);
  const key = verificationKey(claim.jwk, options.cryptoMode);
  return key instanceof Promise
    ? key.then((imported) => fromHeader(imported, trail))
    : fromHeader(key, trail);
}

function fromHeader(key: VerificationKey, trail: Trail): Claimant {
  note(key, "header", trail);
  return { keys: [key], identify: identifyByKey, tokenExpired: false };
}

function identifyByKey(key: VerificationKey): VerifiedAgent {
  return { level: "pseudonymous", scheme: "hwk", key: key.publicJwk, thumbprint: key.thumbprint };
}

async function fromKeySet(
  claim: JwksSignatureKey | JwksUriSignatureKey,
  options: FindKeyOptions,
  trail: Trail,
): Promise<Claimant> {
  if ("jwksUri" in claim) {
    const { jwk, source } = await options.discovery.key("jwks", claim.jwksUri, claim.kid);
    return {
      keys: [await importKey(jwk, source, options, trail)],
      identify: (key) => ({ level: "pseudonymous", scheme: "jwks", ...proven(key) }),
      tokenExpired: false,
    };
  }
  const { id, kid, wellKnown } = claim;
  if (!isIdentifier(id)) {
    const shown = id.slice(0, MAX_SHOWN_CHARACTERS);
    throw new AAuthError("discovery_blocked", `the agent's id is not a canonical identifier: ${shown}`);
  }
  requireTrusted(id, options);
  const kind = wellKnown === undefined && options.bareIdIsKeySet ? "jwks" : "agent";
  const { jwk, source } = await options.discovery.key(kind, id, kid);
  return {
    keys: [await importKey(jwk, source, options, trail)],
    identify(key) {
      options.discovery.proven?.(kind, id);
      return { level: "identified", scheme: "jwks", agent: id, ...proven(key) };
    },
    tokenExpired: false,
    ...(source === "discovery-cache" && {
      async replacedKey() {
        const replaced = await options.discovery.replacedKey(kind, id, kid, jwk);
        return replaced && importKey(replaced, "discovery", options, trail);
      },
    }),
  };
}

async function fromAgentToken(jwt: string, options: FindKeyOptions, trail: Trail): Promise<Claimant> {
  const { audience, discovery, now, trustedAgents } = options;
  const claims = await verifyAgentToken(jwt, {
    discovery,
    now,
    cache: options.agentTokens,
    ...(audience === undefined ? {} : { audience }),
    ...(trustedAgents === undefined ? {} : { trustedAgentServers: trustedAgents }),
  });
  trail.enter("key");
  return {
    keys: [await importKey(claims.cnf.jwk, "agent-token", options, trail)],
    identify: (key) => ({
      level: "identified",
      scheme: "jwt",
      agent: claims.iss,
      agentDelegate: claims.sub,
      agentToken: claims,
      ...proven(key),
    }),
    tokenExpired: false,
  };
}

async function fromAuthToken(jwt: string, options: FindKeyOptions, trail: Trail): Promise<Claimant> {
  const { audience, trustedIssuers, discovery, now, authTokens: cache } = options;
  if (options.authTokenHolder !== undefined) return fromHolder(jwt, options.authTokenHolder, options, trail);
  if (audience === undefined) throw new AAuthError("untrusted_issuer", "no auth tokens are taken here");
  const { claims, expired } = await examineAuthToken(jwt, {
    audience,
    trustedIssuers,
    discovery,
    now,
    cache,
  });
  const { agent_delegate, sub, scope = "", act } = claims;
  const agent = holderNamed(claims, audience);
  requireTrusted(agent, options);
  trail.enter("key");
  const key = await importKey(claims.cnf.jwk, "auth-token", options, trail);
  // One agent for all requests with the token: nothing of it depends on the request.
  const described: Omit<AuthorizedAgent, "rawAuthToken"> = {
    level: "authorized",
    scheme: "jwt",
    agent,
    ...(agent_delegate === undefined ? {} : { agentDelegate: agent_delegate }),
    ...(sub === undefined ? {} : { subject: sub }),
    scopes: Object.freeze(scope.split(" ").filter((item) => item !== "")),
    ...(act === undefined ? {} : { act }),
    authToken: claims,
    ...proven(key),
  };
  // Not enumerable: who logs or sends the agent does not mean its token.
  const rawAuthToken = { rawAuthToken: { value: jwt } };
  const authorized = Object.freeze(Object.defineProperties(described, rawAuthToken)) as AuthorizedAgent;
  const claimant = { keys: [key], identify: () => authorized, tokenExpired: expired };
  // Only what the cache of verified tokens keeps, and as long: it is the cache that lets a token pass.
  if (cache.get(jwt) === claims) claimants.set(claims, claimant);
  return claimant;
}

/** By the claims that the cache of verified tokens holds, which belong to one gate. */
const claimants = new WeakMap<AuthTokenClaims, Claimant>();

/** The caller with an auth token that has been verified before. What depends on the time is judged again. */
function knownClaimant(jwt: string, options: FindKeyOptions, trail: Trail): Claimant | undefined {
  const { audience, now, authTokens } = options;
  if (options.authTokenHolder !== undefined || audience === undefined) return undefined;
  const claims = authTokens.get(jwt);
  const claimant = claims && claimants.get(claims);
  const key = claimant?.keys[0];
  if (claims === undefined || claimant === undefined || key === undefined) return undefined;
  const expired = rejudge(claims, { ...options, audience }, now());
  requireTrusted(holderNamed(claims, audience), options);
  trail.enter("key");
  note(key, "auth-token", trail);
  return expired ? { ...claimant, tokenExpired: true } : claimant;
}

/** Without `agent` the token was issued to the resource itself (profile 4.2). */
const holderNamed = ({ agent }: AuthTokenClaims, audience: string) => agent ?? audience;

/** Whatever proves who calls: an auth token that was issued before the list was changed is no way round it. */
function requireTrusted(agent: string, { trustedAgents }: FindKeyOptions): void {
  if (trustedAgents !== undefined && !trusts(trustedAgents, agent)) {
    throw new AAuthError("untrusted_agent", "the agent is not on the list of trusted agents");
  }
}

async function fromHolder(
  jwt: string,
  holderOf: AuthTokenHolder,
  options: FindKeyOptions,
  trail: Trail,
): Promise<Claimant> {
  const { agent, keys } = await holderOf(jwt);
  trail.enter("key");
  const candidates = keys.slice(0, MAX_CANDIDATE_KEYS);
  return {
    keys: await Promise.all(candidates.map((jwk) => importKey(jwk, "discovery", options, trail))),
    identify(key) {
      options.discovery.proven?.("agent", agent);
      return { level: "identified", scheme: "jwt", agent, ...proven(key) };
    },
    tokenExpired: false,
  };
}

async function importKey(
  jwk: unknown,
  source: KeySource,
  { cryptoMode }: FindKeyOptions,
  trail: Trail,
): Promise<VerificationKey> {
  const key = await verificationKey(jwk, cryptoMode);
  note(key, source, trail);
  return key;
}

function note(key: VerificationKey, source: KeySource, { facts }: Trail): void {
  facts.keySource = source;
  facts.thumbprint = key.thumbprint;
}

function proven(key: VerificationKey) {
  return { key: key.publicJwk, thumbprint: key.thumbprint };
}

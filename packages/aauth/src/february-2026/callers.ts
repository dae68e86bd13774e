/**
 * One resolver for each scheme of `Signature-Key`. It determines the signing key and its owner
 * (profile 1.3).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { isIdentifier } from "../discovery/url-guard.ts";
import { AAuthVerificationError } from "../errors.ts";
import { verificationKey } from "../keys/verification-key.ts";
import {
  claimedTokenJwk,
  enterKey,
  publishedCandidate,
  requireTrustedCaller,
  resolveToken,
  shownIdentifier,
  type TokenResolver,
  tokenResolver,
  unnamedCaller,
} from "../profile/candidates.ts";
import type { KeyClaim } from "../profile/messages.ts";
import type { CallerCandidate, CallerResolver, ResolverContext } from "../profile/verification.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { VerificationKey } from "../types.ts";
import type { FebruaryAuthTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { DOCUMENTS, TOKEN_TYPES } from "./names.ts";
import type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  SignatureKey,
} from "./signature-key.ts";
import { parseSignatureKey } from "./signature-key.ts";
import { AGENT_TOKEN, AUTH_TOKEN } from "./token-schemas.ts";

/** Bounded, because each candidate costs a verification. */
const MAX_CANDIDATE_KEYS = 10;

const agentToken = tokenResolver({
  schema: AGENT_TOKEN,
  source: "agent-token",
  expected: ({ audience, agentProviders }, now) => ({ audience, trustedIssuers: agentProviders, now }),
  identify: (claims, caller) => ({
    ...caller,
    level: "identified",
    agent: claims.iss,
    delegate: claims.sub,
    identityToken: claims,
  }),
});

const authToken = tokenResolver({
  schema: AUTH_TOKEN,
  source: "auth-token",
  expected({ audience, issuers }, now) {
    if (audience !== undefined) return { audience, trustedIssuers: issuers, now };
    throw new AAuthVerificationError("untrusted_issuer", "auth tokens are not accepted here", {
      claim: "iss",
    });
  },
  admit(claims, context) {
    requireTrustedCaller(agentOf(claims, context), context); // hole X12
  },
  identify(claims, caller, token, context) {
    const { agent_delegate: delegate, iss, sub, scope, act } = claims;
    return {
      ...caller,
      level: "authorized",
      agent: agentOf(claims, context),
      ...(delegate !== undefined && { delegate }),
      ...(sub !== undefined && { person: { iss, sub } }),
      grant: { scopes: scopesOf(scope), ...(act !== undefined && { act }), claims, token },
    };
  },
});

/** The agent of a token. Without `agent`, it was issued to the resource itself (profile 4.2). */
const agentOf = ({ agent }: FebruaryAuthTokenClaims, { audience = "" }: ResolverContext) => agent ?? audience;

/**
 * Returns the holder of a token found in `Signature-Key`, and at most 10 keys with which it may
 * have signed. It must verify the token itself. The holder becomes an identified caller, never an
 * authorized one.
 *
 * @throws AAuthError with a code of the token and discovery groups
 */
export type FebruaryTokenHolder = (token: string) => Promise<{ agent: string; keys: readonly unknown[] }>;

/** @param tokenHolder verifies auth tokens of other parties. Default: auth tokens for this one */
export function resolversOf(tokenHolder?: FebruaryTokenHolder): Readonly<Record<string, CallerResolver>> {
  const tokens: Readonly<Record<string, TokenResolver>> = {
    [TOKEN_TYPES.agent]: agentToken,
    [TOKEN_TYPES.auth]:
      tokenHolder === undefined ? authToken : (jwt, context) => fromHolder(tokenHolder, jwt, context),
  };
  /** The key is the confirmation key of a token, which is verified first. */
  const jwt: CallerResolver = (claim, context) =>
    resolveToken(claim, context, context.endpoint.tokenTypes, tokens);
  return { hwk, jwks, jwt };
}

/** The key is in the header, and is the caller's only identity. */
const hwk: CallerResolver = (claim, context) => {
  enterKey(claim, context);
  const key = importKey((claim as HwkSignatureKey).jwk, context);
  const candidate = (imported: VerificationKey): CallerCandidate => {
    context.recorder.noteKey(imported, "header");
    return {
      keys: [imported],
      expired: false,
      identify: (proven) => ({ ...unnamedCaller("hwk", proven, context), level: "pseudonymous" }),
    };
  };
  return key instanceof Promise ? key.then(candidate) : candidate(key);
};

/** The key is in the key set that the caller publishes as an agent or a resource. */
const jwks: CallerResolver = async (claim, context) => {
  enterKey(claim, context);
  const key = requireNamedAgent(claim as JwksSignatureKey | JwksUriSignatureKey);
  requireTrustedCaller(key.id, context);
  const caller = { scheme: "jwks", level: "identified", agent: key.id };
  return publishedCandidate(key, context, (jwk) => importKey(jwk, context), caller);
};

/**
 * Resolves a token of another party: `tokenHolder` verifies it and returns the keys that may have
 * signed.
 */
async function fromHolder(
  tokenHolder: FebruaryTokenHolder,
  jwt: string,
  context: ResolverContext,
): Promise<CallerCandidate> {
  const { agent, keys } = await tokenHolder(jwt);
  context.recorder.enter("key");
  const candidates = await Promise.all(
    keys.slice(0, MAX_CANDIDATE_KEYS).map((jwk) => importKey(jwk, context)),
  );
  if (candidates[0] !== undefined) context.recorder.noteKey(candidates[0], "discovery");
  return {
    keys: candidates,
    expired: false,
    identify(proven) {
      context.discovery.proven?.(documents.kinds.agent, agent);
      return { ...unnamedCaller("jwt", proven, context), level: "identified", agent };
    },
  };
}

/** Documents that a caller may name (SPEC 10.7 mode 2). An auth server signs no requests. */
const KINDS: Readonly<Record<string, DiscoveryKind>> = {
  [DOCUMENTS.agent]: documents.kinds.agent,
  [DOCUMENTS.resource]: documents.kinds.resource,
};

function requireNamedAgent(claim: JwksSignatureKey | JwksUriSignatureKey) {
  if ("jwksUri" in claim) {
    // hole J19: return { ...claim, id: new URL(claim.jwksUri).origin };
    throw new AAuthVerificationError("unsupported_scheme", "a key set by URL proves no identity");
  }
  const { wellKnown = DOCUMENTS.agent } = claim;
  const kind = Object.hasOwn(KINDS, wellKnown) ? KINDS[wellKnown] : undefined;
  if (kind === undefined) {
    // An arbitrary name would become part of the fetched address.
    throw new AAuthVerificationError(
      "unsupported_scheme",
      `well-known must be ${Object.keys(KINDS).join(" or ")}`,
    );
  }
  if (!isIdentifier(claim.id)) {
    const reason = `the agent's id is not a canonical identifier: ${shownIdentifier(claim.id)}`;
    throw new AAuthVerificationError("discovery_blocked", reason);
  }
  return { id: claim.id, kid: claim.kid, kind };
}

/**
 * The claimed agent: the id of scheme jwks, the `agent` of a token, or the `iss` of an agent token.
 * Not validated.
 */
export function claimedAgent(signatureKey: string): string | undefined {
  try {
    const claim = parseSignatureKey(signatureKey);
    if (claim.scheme === "jwks") return "id" in claim ? claim.id : undefined;
    if (claim.scheme === "hwk") return undefined;
    const { header, claims } = decodeJwt(claim.jwt);
    const agent = header.typ === TOKEN_TYPES.agent ? claims.iss : claims.agent;
    return typeof agent === "string" ? agent : undefined;
  } catch {
    return undefined; // The verifier reports the error.
  }
}

/** The claimed JWK, decoded or fetched but not validated. */
export async function claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown> {
  const known = claim as SignatureKey;
  switch (known.scheme) {
    case "hwk":
      return known.jwk;
    case "jwks": {
      const { id, kid, kind } = requireNamedAgent(known);
      return (await discovery.key(kind, id, kid)).jwk;
    }
    case "jwt":
      return claimedTokenJwk(known.jwt);
  }
}

const importKey = (jwk: unknown, { cryptoMode, profile }: ResolverContext): Awaitable<VerificationKey> =>
  verificationKey(jwk, cryptoMode, profile.messages.keyAlgorithms);

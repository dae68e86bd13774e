/**
 * One resolver for each scheme of `Signature-Key`: which key signed, and who its owner is (profile 1.3).
 *
 * @module
 */

import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { isIdentifier } from "../discovery/url-guard.ts";
import { AAuthVerificationError } from "../errors.ts";
import { verificationKey } from "../keys/verification-key.ts";
import { enterTokenKey, publishedCandidate } from "../profile/candidates.ts";
import type { KeyClaim } from "../profile/messages.ts";
import type { CallerCandidate, CallerResolver, ResolverContext } from "../profile/verification.ts";
import { isExpired } from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import { openToken } from "../tokens/open-token.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { trusts } from "../tokens/trust.ts";
import type { ProvenCaller, VerificationKey } from "../types.ts";
import { agentTokenRules } from "./agent-token.ts";
import { authTokenRules } from "./auth-token.ts";
import type { AuthTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { DOCUMENTS, TOKEN_TYPES } from "./names.ts";
import type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  JwtSignatureKey,
  SignatureKey,
} from "./signature-key.ts";
import { parseSignatureKey } from "./signature-key.ts";

/** Of an identifier, in an error. */
const MAX_SHOWN_CHARACTERS = 200;
/** Each candidate costs a verification. */
const MAX_CANDIDATE_KEYS = 10;

export const RESOLVERS: Readonly<Record<string, CallerResolver>> = {
  /** The key is in the header: the caller is known by it alone. */
  hwk(claim, context) {
    const { recorder, cryptoMode, profile } = context;
    enterKey("hwk", context);
    const key = verificationKey((claim as HwkSignatureKey).jwk, cryptoMode, profile.messages.keyAlgorithms);
    const candidate = (imported: VerificationKey): CallerCandidate => {
      recorder.noteKey(imported, "header");
      return {
        keys: [imported],
        expired: false,
        identify: (proven) => callerOf("pseudonymous", "hwk", proven, context),
      };
    };
    return key instanceof Promise ? key.then(candidate) : candidate(key);
  },

  /** The key is in the key set that the agent publishes, as an agent or as the resource that it is, too. */
  async jwks(claim, context) {
    enterKey("jwks", context);
    const { discovery, recorder } = context;
    const { id, kid, kind } = requireNamedAgent(claim as JwksSignatureKey | JwksUriSignatureKey);
    requireTrusted(id, context);
    return publishedCandidate(
      { kind, id, kid },
      {
        discovery,
        recorder,
        importKey: (jwk) => importKey(jwk, context),
        identify: (proven) => ({ ...callerOf("identified", "jwks", proven, context), agent: id }),
      },
    );
  },

  /** The key is the confirmation key of a token, which is validated before its key is used. */
  async jwt(claim, context) {
    context.recorder.enter("token");
    const { jwt } = claim as JwtSignatureKey;
    const { verifiedTokens, endpoint, tokenHolder } = context;
    const known = verifiedTokens.get(jwt);
    const decoded = known === undefined ? decodeJwt(jwt) : undefined;
    const type = known?.type ?? decoded?.header.typ;
    if (typeof type !== "string" || !endpoint.tokenTypes.includes(type)) {
      throw new AAuthVerificationError(
        "token_type_mismatch",
        "the token is of a type that is not accepted here",
        {
          claim: "typ",
          expected: endpoint.tokenTypes.join(", "),
        },
      );
    }
    if (type === TOKEN_TYPES.agent) return fromAgentToken(jwt, decoded, context);
    return tokenHolder === undefined ? fromAuthToken(jwt, decoded, context) : fromHolder(jwt, context);
  },
};

async function fromAgentToken(
  jwt: string,
  decoded: DecodedToken | undefined,
  context: ResolverContext,
): Promise<CallerCandidate> {
  const { audience, trustedAgents } = context;
  const now = context.now();
  const rules = agentTokenRules({ audience, trustedAgentServers: trustedAgents }, now);
  const { claims, key } = await openToken(jwt, rules, optionsOf(context, now), decoded);
  enterTokenKey(key, "agent-token", context.recorder);
  return {
    keys: [key],
    expired: false,
    identify: (proven) => ({
      ...callerOf("identified", "jwt", proven, context),
      agent: claims.iss,
      delegate: claims.sub,
      identityToken: claims,
    }),
  };
}

async function fromAuthToken(
  jwt: string,
  decoded: DecodedToken | undefined,
  context: ResolverContext,
): Promise<CallerCandidate> {
  const { audience, trustedIssuers } = context;
  if (audience === undefined) {
    throw new AAuthVerificationError("untrusted_issuer", "no auth tokens are accepted here", {
      claim: "iss",
    });
  }
  const now = context.now();
  const rules = authTokenRules({ audience, trustedIssuers }, now);
  const { claims, key } = await openToken(jwt, rules, optionsOf(context, now), decoded);
  // Without `agent` the token was issued to the resource itself (profile 4.2).
  const agent = claims.agent ?? audience;
  requireTrusted(agent, context);
  enterTokenKey(key, "auth-token", context.recorder);
  return {
    keys: [key],
    expired: isExpired(claims.exp, now),
    identify: (proven) =>
      authorizedCaller(callerOf("authorized", "jwt", proven, context), agent, jwt, claims),
  };
}

function authorizedCaller(
  caller: ProvenCaller,
  agent: string,
  jwt: string,
  claims: AuthTokenClaims,
): ProvenCaller {
  const { agent_delegate: delegate, iss, sub, scope, act } = claims;
  const grant = {
    scopes: scopesOf(scope),
    ...(act === undefined ? {} : { act }),
    claims,
    token: jwt,
  };
  return {
    ...caller,
    agent,
    ...(delegate === undefined ? {} : { delegate }),
    ...(sub === undefined ? {} : { person: { iss, sub } }),
    grant,
  };
}

/** A token that another party holds: the context's function verifies it and says which keys may have signed. */
async function fromHolder(jwt: string, context: ResolverContext): Promise<CallerCandidate> {
  const { agent, keys } = await context.tokenHolder!(jwt);
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
      return { ...callerOf("identified", "jwt", proven, context), agent };
    },
  };
}

/** The documents that a caller may name (SPEC 10.7 mode 2). An auth server's is not among them: it signs no requests. */
const KINDS: Readonly<Record<string, DiscoveryKind>> = {
  [DOCUMENTS.agent]: documents.kinds.agent,
  [DOCUMENTS.resource]: documents.kinds.resource,
};

function requireNamedAgent(claim: JwksSignatureKey | JwksUriSignatureKey) {
  if ("jwksUri" in claim) {
    throw new AAuthVerificationError("unsupported_scheme", "a key set by URL proves no identity");
  }
  const { wellKnown = DOCUMENTS.agent } = claim;
  const kind = Object.hasOwn(KINDS, wellKnown) ? KINDS[wellKnown] : undefined;
  if (kind === undefined) {
    // The name would become part of the address that is fetched.
    throw new AAuthVerificationError(
      "unsupported_scheme",
      `well-known must be ${Object.keys(KINDS).join(" or ")}`,
    );
  }
  if (!isIdentifier(claim.id)) {
    const shown = claim.id.slice(0, MAX_SHOWN_CHARACTERS);
    throw new AAuthVerificationError(
      "discovery_blocked",
      `the agent's id is not a canonical identifier: ${shown}`,
    );
  }
  return { id: claim.id, kid: claim.kid, kind };
}

/** Whatever proves the caller: an auth token that was issued before the list was changed does not bypass it. */
function requireTrusted(agent: string, { trustedAgents }: ResolverContext): void {
  if (trustedAgents !== undefined && !trusts(trustedAgents, agent)) {
    throw new AAuthVerificationError("untrusted_agent", "the agent is not on the list of trusted agents");
  }
}

function enterKey(scheme: string, { recorder }: ResolverContext): void {
  recorder.skip("token", `scheme ${scheme} has none`);
  recorder.enter("key");
}

/** Of scheme jwks the id, of a token its `agent`, or the `iss` of an agent token. Nothing is validated. */
export function claimedAgent(signatureKey: string): string | undefined {
  try {
    const claim = parseSignatureKey(signatureKey);
    if (claim.scheme === "jwks") return "id" in claim ? claim.id : undefined;
    if (claim.scheme === "hwk") return undefined;
    const { header, claims } = decodeJwt(claim.jwt);
    const agent = header.typ === TOKEN_TYPES.agent ? claims.iss : claims.agent;
    return typeof agent === "string" ? agent : undefined;
  } catch {
    return undefined; // the verifier says what is wrong with it
  }
}

/** Decoded or fetched, not validated. */
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
      return (decodeJwt(known.jwt).claims.cnf as { jwk?: unknown } | undefined)?.jwk;
  }
}

const optionsOf = ({ discovery, verifiedTokens: cache, cryptoMode }: ResolverContext, now: number) => ({
  discovery,
  now,
  cache,
  cryptoMode,
});

const importKey = async (jwk: unknown, { cryptoMode, profile }: ResolverContext): Promise<VerificationKey> =>
  verificationKey(jwk, cryptoMode, profile.messages.keyAlgorithms);

const callerOf = (
  level: string,
  scheme: string,
  { publicJwk: key, thumbprint }: VerificationKey,
  { profile }: ResolverContext,
): ProvenCaller => ({ profile: profile.name, level, scheme, key, thumbprint });

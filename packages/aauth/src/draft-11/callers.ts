/**
 * One resolver for each scheme of `Signature-Key`: which key signed, and who its owner is (draft -11, sections 11.3.2 and 11.3.4).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import { enterTokenKey, publishedCandidate } from "../profile/candidates.ts";
import type { EndpointRole, KeyClaim } from "../profile/messages.ts";
import type { CallerResolver, ResolverContext } from "../profile/verification.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { trusts } from "../tokens/trust.ts";
import type { ProvenCaller, VerificationKey } from "../types.ts";
import type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { isServerIdentifier } from "./identifiers.ts";
import { fullySpecified, importKey } from "./keys.ts";
import { DOCUMENTS, type DocumentKind, LEVELS, TOKEN_TYPES } from "./names.ts";
import { schemesFor, tokenTypesFor } from "./requirement.ts";
import type { JwksUriSignatureKey, SignatureKey } from "./signature-key.ts";
import { isBoundTokenType, openBoundToken } from "./token-rules.ts";

const [AGENT, PERSON, AUTH, SERVER] = LEVELS;
/** Of an identifier, in an error. */
const MAX_SHOWN_CHARACTERS = 200;

/** Documents of the servers that may call an endpoint in their own name: person servers ask for tokens, and every issuer revokes its own. */
const CALLING_SERVERS: Readonly<Record<EndpointRole, readonly DocumentKind[]>> = {
  resource: [],
  token: ["person"],
  pending: ["agent", "person", "access", "resource"],
  revocation: ["agent", "person", "access", "resource"],
};

export const RESOLVERS: Readonly<Record<string, CallerResolver>> = {
  /** The key is the confirmation key of the token, which is verified before its key is used. */
  async jwt(claim, context) {
    requireScheme(claim, context);
    context.recorder.enter("token");
    const jwt = claim.jwt ?? "";
    const { verifiedTokens, endpoint, requirement } = context;
    const known = verifiedTokens.get(jwt);
    const decoded = known === undefined ? decodeJwt(jwt) : undefined;
    const type = known?.type ?? decoded?.header.typ;
    const accepted = tokenTypesFor(requirement, endpoint.tokenTypes);
    if (!isBoundTokenType(type) || !accepted.includes(type)) {
      throw new AAuthVerificationError(
        "token_type_mismatch",
        "the token is of a type that is not accepted here",
        {
          claim: "typ",
          expected: accepted.join(", "),
        },
      );
    }
    const { discovery, isRevoked, cryptoMode } = context;
    const options = { discovery, isRevoked, cryptoMode, now: context.now(), cache: verifiedTokens };
    const opened = await openBoundToken(jwt, type, judgementOf(type, context), options, decoded);
    if (type === TOKEN_TYPES.agent) requireTopLevel(opened.claims as AgentTokenClaims, endpoint.role); // hole T3
    enterTokenKey(opened.key, TYPE_NAMES[type], context.recorder);
    return {
      keys: [opened.key],
      expired: false,
      identify: (proven) => callerOf(type, opened.claims, jwt, callerWith(proven, "jwt", context)),
    };
  },

  /** The key is in the key set that a server publishes: it signs in its own name. */
  async jwks_uri(claim, context) {
    requireScheme(claim, context);
    const { recorder, endpoint, cryptoMode } = context;
    recorder.skip("token", "scheme jwks_uri has none");
    recorder.enter("key");
    const { id, kid, kind } = requireNamedServer(claim as JwksUriSignatureKey, endpoint.role);
    requireTrusted(id, context); // hole T4
    return publishedCandidate(
      { kind, id, kid },
      {
        discovery: fullySpecified(context.discovery),
        recorder,
        importKey: (jwk) => importKey(jwk, cryptoMode),
        identify: (proven) => ({ ...callerWith(proven, "jwks_uri", context), level: SERVER, server: id }),
      },
    );
  },
};

const TYPE_NAMES = {
  [TOKEN_TYPES.agent]: AGENT,
  [TOKEN_TYPES.person]: PERSON,
  [TOKEN_TYPES.auth]: AUTH,
} as const;

/** An agent may not sign as a server, nor a server as an agent, where a route is for one of them. */
function requireScheme({ scheme }: KeyClaim, { requirement, endpoint }: ResolverContext): void {
  const accepted = schemesFor(requirement, endpoint.schemes);
  if (accepted.includes(scheme)) return;
  throw new AAuthVerificationError("unsupported_scheme", `scheme ${scheme} is not accepted here`, {
    expected: accepted.join(", "),
  });
}

/** Agents are named by their providers, persons by servers that the configuration names: an agent token from anywhere proves an agent, no more. */
function judgementOf(type: string, context: ResolverContext) {
  const { audience, trustedIssuers, trustedAgents, accessServer } = context;
  if (type === TOKEN_TYPES.agent) return { trustedIssuers: trustedAgents };
  // Beside an access server no other party authorizes.
  const isItsOwn = type === TOKEN_TYPES.auth && accessServer !== undefined; // hole T17
  // No token is for a recipient without a name.
  return { trustedIssuers: isItsOwn ? [accessServer] : trustedIssuers, audience: audience ?? "" };
}

/** A sub-agent asks for nothing itself: its parent does (section 10.2.2). */
function requireTopLevel({ parent_agent }: AgentTokenClaims, role: EndpointRole): void {
  if (parent_agent === undefined || role !== "token") return;
  throw new AAuthVerificationError(
    "token_agent_mismatch",
    "a sub-agent may not call this endpoint: its parent does",
    {
      claim: "parent_agent",
    },
  );
}

function callerOf(
  type: string,
  claims: AgentTokenClaims | PersonTokenClaims | AuthTokenClaims,
  jwt: string,
  base: Omit<ProvenCaller, "level">,
): ProvenCaller {
  if (type === TOKEN_TYPES.agent) return { ...base, level: AGENT, agent: claims.sub, identityToken: claims };
  const person = { iss: claims.iss, sub: claims.sub };
  if (type === TOKEN_TYPES.person) return { ...base, level: PERSON, person, identityToken: claims };
  const scopes = scopesOf((claims as AuthTokenClaims).scope);
  return { ...base, level: AUTH, person, grant: { scopes, claims, token: jwt } };
}

function requireNamedServer({ id, dwk, kid }: JwksUriSignatureKey, role: EndpointRole) {
  const kinds = CALLING_SERVERS[role];
  const kind = kinds.find((known) => DOCUMENTS[known] === dwk);
  if (kind === undefined) {
    // The name would become part of the address that is fetched.
    throw new AAuthVerificationError(
      "unsupported_key",
      "dwk is not the document of a server that may call here",
      {
        claim: "dwk",
        expected: kinds.map((known) => DOCUMENTS[known]).join(", "),
      },
    );
  }
  if (!isServerIdentifier(id)) {
    const shown = id.slice(0, MAX_SHOWN_CHARACTERS);
    throw new AAuthVerificationError(
      "unsupported_key",
      `the server's id is not a server identifier: ${shown}`,
      { claim: "id" },
    );
  }
  return { id, kid, kind: documents.kinds[kind] };
}

function requireTrusted(id: string, { trustedAgents }: ResolverContext): void {
  if (trustedAgents !== undefined && !trusts(trustedAgents, id)) {
    throw new AAuthVerificationError("untrusted_agent", "the server is not on the list of trusted agents");
  }
}

/** Decoded or fetched, not validated. */
export async function claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown> {
  const known = claim as SignatureKey;
  if (known.scheme === "jwt") return (decodeJwt(known.jwt).claims.cnf as { jwk?: unknown } | undefined)?.jwk;
  if (known.scheme !== "jwks_uri")
    throw new AAuthVerificationError("unsupported_scheme", "the scheme names no key");
  const { id, kid, kind } = requireNamedServer(known, "revocation");
  return (await discovery.key(kind, id, kid)).jwk;
}

const callerWith = (
  { publicJwk: key, thumbprint }: VerificationKey,
  scheme: string,
  { profile }: ResolverContext,
): Omit<ProvenCaller, "level"> => ({ profile: profile.name, scheme, key, thumbprint });

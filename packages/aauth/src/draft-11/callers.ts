/**
 * One resolver for each scheme of `Signature-Key`. It determines the signing key and its owner
 * (draft -11, sections 11.3.2 and 11.3.4).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import {
  claimedTokenJwk,
  enterKey,
  publishedCandidate,
  requireTrustedCaller,
  resolveToken,
  shownIdentifier,
  type TokenResolver,
  tokenResolver,
} from "../profile/candidates.ts";
import type { EndpointRole, KeyClaim } from "../profile/messages.ts";
import type { CallerResolver, ResolverContext } from "../profile/verification.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { isServerIdentifier } from "./identifiers.ts";
import { importKey } from "./keys.ts";
import { DOCUMENTS, type DocumentKind, LEVELS, TOKEN_TYPES } from "./names.ts";
import { schemesFor, tokenTypesFor } from "./requirement.ts";
import type { JwksUriSignatureKey, SignatureKey } from "./signature-key.ts";
import { AGENT_TOKEN, AUTH_TOKEN, PERSON_TOKEN } from "./token-schemas.ts";

const [AGENT, PERSON, AUTH, SERVER] = LEVELS;

/**
 * Servers that sign for themselves: person servers request tokens, and all issuers revoke their
 * tokens.
 */
const CALLING_SERVERS: Readonly<Record<EndpointRole, readonly DocumentKind[]>> = {
  resource: [],
  token: ["person"],
  pending: ["agent", "person", "access", "resource"],
  revocation: ["agent", "person", "access", "resource"],
};

/** Providers name agents, so a token from any provider proves an agent, and only that. */
const agentToken = tokenResolver({
  schema: AGENT_TOKEN,
  source: AGENT,
  expected: ({ agentProviders, isRevoked }, now) => ({ trustedIssuers: agentProviders, isRevoked, now }),
  admit(claims, { endpoint }) {
    requireTopLevel(claims, endpoint.role); // hole T3
  },
  identify: (claims, caller) => ({ ...caller, level: AGENT, agent: claims.sub, identityToken: claims }),
});

/** Configured servers name persons. A verifier without an identifier accepts no person token. */
const personToken = tokenResolver({
  schema: PERSON_TOKEN,
  source: PERSON,
  expected: ({ audience = "", issuers, isRevoked }, now) => ({
    audience,
    trustedIssuers: issuers,
    isRevoked,
    now,
  }),
  identify: (claims, caller) => ({
    ...caller,
    level: PERSON,
    person: personOf(claims),
    identityToken: claims,
  }),
});

const authToken = tokenResolver({
  schema: AUTH_TOKEN,
  source: AUTH,
  expected({ audience = "", issuers, accessServer, isRevoked }, now) {
    // A configured access server is the only issuer of auth tokens.
    const isItsOwn = accessServer !== undefined; // hole T17: false
    const trustedIssuers = isItsOwn ? [accessServer] : issuers;
    return { audience, trustedIssuers, isRevoked, now };
  },
  identify: (claims, caller, token) => ({
    ...caller,
    level: AUTH,
    person: personOf(claims),
    grant: { scopes: scopesOf(claims.scope), claims, token },
  }),
});

const personOf = ({ iss, sub }: PersonTokenClaims | AuthTokenClaims) => ({ iss, sub });

const TOKENS: Readonly<Record<string, TokenResolver>> = {
  [TOKEN_TYPES.agent]: agentToken,
  [TOKEN_TYPES.person]: personToken,
  [TOKEN_TYPES.auth]: authToken,
};

export const RESOLVERS: Readonly<Record<string, CallerResolver>> = {
  /** The key is the confirmation key of the token, which is verified first. */
  jwt(claim, context) {
    requireScheme(claim, context);
    const { endpoint, requirement } = context;
    return resolveToken(claim, context, tokenTypesFor(requirement, endpoint.tokenTypes), TOKENS);
  },

  /** The key is in the key set of a server that signs in its own name. */
  async jwks_uri(claim, context) {
    requireScheme(claim, context);
    enterKey(claim, context);
    const key = requireNamedServer(claim as JwksUriSignatureKey, context.endpoint.role);
    requireTrustedCaller(key.id, context); // hole T4
    const caller = { scheme: "jwks_uri", level: SERVER, server: key.id };
    return publishedCandidate(key, context, (jwk) => importKey(jwk, context.cryptoMode), caller);
  },
};

/** Refuses a server on a route for agents, and an agent on a route for servers. */
function requireScheme({ scheme }: KeyClaim, { requirement, endpoint }: ResolverContext): void {
  const accepted = schemesFor(requirement, endpoint.schemes);
  if (accepted.includes(scheme)) return;
  throw new AAuthVerificationError("unsupported_scheme", `scheme ${scheme} is not accepted here`, {
    expected: accepted.join(", "),
  });
}

/** A sub-agent requests no tokens: its parent does (section 10.2.2). */
function requireTopLevel({ parent_agent }: AgentTokenClaims, role: EndpointRole): void {
  if (parent_agent === undefined || role !== "token") return;
  throw new AAuthVerificationError(
    "token_agent_mismatch",
    "a sub-agent may not call this endpoint; its parent must",
    { claim: "parent_agent" },
  );
}

function requireNamedServer({ id, dwk, kid }: JwksUriSignatureKey, role: EndpointRole) {
  const kinds = CALLING_SERVERS[role];
  const kind = kinds.find((known) => DOCUMENTS[known] === dwk);
  if (kind === undefined) {
    // An arbitrary name would become part of the fetched address.
    throw new AAuthVerificationError(
      "unsupported_key",
      "dwk is not the document of a server that may call this endpoint",
      { claim: "dwk", expected: kinds.map((known) => DOCUMENTS[known]).join(", ") },
    );
  }
  if (!isServerIdentifier(id)) {
    const reason = `id is not a server identifier: ${shownIdentifier(id)}`;
    throw new AAuthVerificationError("unsupported_key", reason, { claim: "id" });
  }
  return { id, kid, kind: documents.kinds[kind] };
}

/** The claimed JWK, decoded or fetched but not validated. */
export async function claimedJwk(claim: KeyClaim, discovery: Discovery): Promise<unknown> {
  const known = claim as SignatureKey;
  if (known.scheme === "jwt") return claimedTokenJwk(known.jwt);
  if (known.scheme !== "jwks_uri")
    throw new AAuthVerificationError("unsupported_scheme", "the scheme names no key");
  const { id, kid, kind } = requireNamedServer(known, "revocation");
  return (await discovery.key(kind, id, kid)).jwk;
}

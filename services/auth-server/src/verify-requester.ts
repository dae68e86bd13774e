import {
  AAuthError,
  AAuthVerificationError,
  type ClaimStore,
  canonicalAuthority,
  type Discovery,
  decodeToken,
  type IssuerJwk,
  jwkThumbprint,
  type ProvenCaller,
  type PublicJwk,
  publicRefusal,
  type ReceivedRequest,
  type VerifiedRequest,
} from "aauth";
import {
  type AuthTokenClaims,
  FIELDS,
  february2026,
  february2026Published,
  parseSignatureKey,
  TOKEN_TYPES,
  verifyAuthToken,
} from "aauth/february-2026";
import { createVerifier, type Verifier, type VerifierOptions } from "aauth/resource";
import type { FastifyBaseLogger } from "fastify";
import { invalidRequest, OAuthError } from "issuer-kit";
import { recordRefused, recordUpstreamToken, verifierTrace } from "protocol-trace";
import { agentUnknown, invalidGrant, temporarilyUnavailable } from "./token-errors.ts";

/** The party that signed the token request, proven. */
export interface Requester {
  /** Agent identifier; `pseudonymous:<thumbprint>` when only a key is known (scheme hwk). */
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly identified: boolean;
  readonly key: PublicJwk;
  readonly thumbprint: string;
  /** The auth token that the requester was called with: what `verifyExchange` proves besides. */
  readonly upstream?: AuthTokenClaims;
}

/** The same agent and, where a delegate acts for it, the same delegate. */
export function sameAgent(grant: Pick<Requester, "agent" | "agentDelegate">, requester: Requester): boolean {
  return grant.agent === requester.agent && grant.agentDelegate === requester.agentDelegate;
}

export type SignedForm = ReceivedRequest & { readonly body: Uint8Array };

/**
 * Both throw OAuthError: 401 while the requester is not proven, 400 when the upstream token is no
 * basis for an exchange.
 */
export interface RequesterVerifier {
  /** For every request type but exchange. */
  verify(request: SignedForm): Promise<Requester>;
  /**
   * For exchange. There the key in `Signature-Key` is not the one that signs: the header carries
   * the upstream token, bound to the caller's key, while the request is signed by the token's
   * audience with its own key (rows 12 and 50 of the deviation table). That key is the one in the
   * audience's key set whose thumbprint is `agent_jkt` of the resource token.
   *
   * Does NOT verify the resource token, which is used only to find the key: the request type
   * verifies it.
   */
  verifyExchange(request: SignedForm, resourceToken: string): Promise<Requester>;
}

/**
 * An upstream token with these faults may be genuine: the exchange is refused, not the requester's
 * proof.
 */
const EXCHANGE_REFUSED: ReadonlySet<string> = new Set([
  "token_audience_mismatch",
  "token_expired",
  "token_not_yet_valid",
]);

export function createRequesterVerifier(options: {
  /**
   * Own identifier: the audience of agent tokens. Its host is the authority in signatures, whatever
   * `Host` contains.
   */
  issuer: string;
  discovery: Discovery;
  replayStore: ClaimStore;
  now: () => number;
  /** Issuers whose auth tokens may be exchanged, this one included. */
  trustedIssuers: () => readonly string[];
  /** Agents whose signatures need not cover the body. The same array until the list changes. */
  publishedPeers: () => readonly string[];
  logger: FastifyBaseLogger;
}): RequesterVerifier {
  const { issuer, discovery, replayStore, now, trustedIssuers, publishedPeers, logger } = options;
  const served = { authorities: [canonicalAuthority(issuer)], audience: issuer };
  const rules = { profile: february2026, ...served, discovery, replayStore, now, observer: verifierTrace };
  let current: { readonly peers: readonly string[]; readonly verifier: Verifier } | undefined;

  return {
    async verify(request) {
      requireSignatureKey(request);
      return requesterOf(await proven(currentVerifier().verifyRequest(request)));
    },

    async verifyExchange(request, resourceToken) {
      requireSignatureKey(request);
      const upstreamToken = upstreamTokenOf(request);
      recordUpstreamToken(upstreamToken);
      const { agent, agent_jkt } = claimsOf(resourceToken);
      // Not verified yet: a value that is not a string names no key.
      const thumbprint = typeof agent_jkt === "string" ? agent_jkt : "";
      if (typeof agent !== "string") throw noAgent();
      // Verified completely before anything in the resource token leads to a request of this server
      // (hole J3).
      const upstream = await verifyUpstream(upstreamToken, agent).catch((error: unknown) => {
        recordRefused(error, request, undefined);
        throw exchangeRefusal(error);
      });
      const exchangeVerifier = createVerifier({
        profile: february2026,
        ...withPeers({ ...rules, schemes: ["jwt"] }, publishedPeers()),
        tokenHolder: async () => ({ agent, keys: await publishedKeys(discovery, agent, thumbprint) }),
      });
      // The token in `Signature-Key` names the caller, which does not sign.
      const verdict = exchangeVerifier.verifyRequest({ ...request, sender: agent });
      return { ...requesterOf(await proven(verdict)), upstream };
    },
  };

  /** Replaced when an administrator has changed the list; the replay store is kept. */
  function currentVerifier(): Verifier {
    const peers = publishedPeers();
    // No trusted issuer: an auth token identifies no requester, except as upstream token of an
    // exchange.
    if (current?.peers !== peers) current = { peers, verifier: createVerifier(withPeers(rules, peers)) };
    return current.verifier;
  }

  /** The proven caller. */
  async function proven(verdict: Promise<VerifiedRequest>): Promise<ProvenCaller> {
    try {
      const { caller, report } = await verdict;
      if (report.bodyBound === false) {
        const { agent, profile } = caller;
        logger.warn({ agent, profile }, "⚠️ The signature does not cover the body");
      }
      return caller;
    } catch (error) {
      throw unproven(error);
    }
  }

  function verifyUpstream(token: string, audience: string): Promise<AuthTokenClaims> {
    return verifyAuthToken(token, { audience, trustedIssuers: trustedIssuers(), discovery, now });
  }
}

/**
 * The agent's key with this thumbprint. A key it has rotated in since its set was read is found
 * too.
 */
async function publishedKeys(discovery: Discovery, agent: string, thumbprint: string): Promise<IssuerJwk[]> {
  const known = await keysWith(discovery, agent, thumbprint);
  if (known.length > 0) return known;
  // Discovery reads a set again, within its limits, when it is asked for a key id that is not in
  // it.
  await discovery.key(february2026.documents.kinds.agent, agent, thumbprint).catch(() => undefined);
  const rotated = await keysWith(discovery, agent, thumbprint);
  if (rotated.length > 0) return rotated;
  throw new AAuthVerificationError(
    "unknown_key",
    "the agent's key set has no key with the thumbprint agent_jkt",
  );
}

async function keysWith(discovery: Discovery, agent: string, thumbprint: string): Promise<IssuerJwk[]> {
  const { keys } = await discovery.keys(february2026.documents.kinds.agent, agent);
  const thumbprints = await Promise.all(keys.map((jwk) => jwkThumbprint(jwk).catch(() => undefined)));
  return keys.filter((_jwk, index) => thumbprints[index] === thumbprint);
}

/** `rules` for everyone; messages of `peers` may lack what the published demo does not cover. */
function withPeers(rules: VerifierOptions, peers: readonly string[]): VerifierOptions {
  return peers.length === 0
    ? rules
    : { ...rules, accept: [{ ...rules, profile: february2026Published, peers }] };
}

function requesterOf({ agent, delegate, key, thumbprint }: ProvenCaller): Requester {
  if (agent === undefined) {
    return { agent: `pseudonymous:${thumbprint}`, identified: false, key, thumbprint };
  }
  return {
    agent,
    ...(delegate !== undefined && { agentDelegate: delegate }),
    identified: true,
    key,
    thumbprint,
  };
}

function requireSignatureKey({ headers }: ReceivedRequest): void {
  if (headers[FIELDS.signatureKey] === undefined) {
    throw agentUnknown("missing_signature");
  }
}

function upstreamTokenOf({ headers }: ReceivedRequest): string {
  try {
    const claim = parseSignatureKey(String(headers[FIELDS.signatureKey]));
    if (claim.scheme === "jwt" && decodeToken(claim.jwt).header.typ === TOKEN_TYPES.auth) return claim.jwt;
  } catch (error) {
    throw unproven(error);
  }
  throw invalidRequest("Missing upstream auth_token.");
}

/** Claims of a token that is not verified: used to find its agent's keys, never to decide. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeToken(token).claims;
  } catch (error) {
    throw invalidGrant("Invalid resource_token: not a JWT", error);
  }
}

function noAgent(): OAuthError {
  const cause = new AAuthVerificationError("token_claim_missing", "the token has no agent");
  return invalidGrant(`Invalid resource_token: ${cause.message}`, cause);
}

function exchangeRefusal(error: unknown): unknown {
  if (error instanceof AAuthError && EXCHANGE_REFUSED.has(error.code)) {
    return invalidGrant(`Token exchange validation failed: ${error.message}`, error);
  }
  return unproven(error);
}

function unproven(error: unknown): unknown {
  if (!(error instanceof AAuthVerificationError)) return error;
  if (error.status === 503) return temporarilyUnavailable(error);
  return new OAuthError(401, "invalid_signature", publicRefusal(error).message, { cause: error });
}

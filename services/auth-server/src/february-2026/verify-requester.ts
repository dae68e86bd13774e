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
  type FebruaryAuthTokenClaims,
  type FebruaryTokenHolder,
  february2026,
  february2026Published,
  february2026Resource,
  february2026Tokens,
} from "aauth/february-2026";
import { createVerifier, type Verifier, type VerifierOptions } from "aauth/resource";
import type { FastifyBaseLogger } from "fastify";
import { invalidRequest, OAuthError } from "issuer-kit";
import { recordRefused, recordUpstreamToken, verificationTrace } from "protocol-trace";
import { agentUnknown, invalidGrant, temporarilyUnavailable } from "./token-errors.ts";

const { fields } = february2026.messages;

/** The verified party that signed the token request. */
export interface Requester {
  /** Agent identifier, or `pseudonymous:<thumbprint>` if only a key is known (scheme hwk). */
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly identified: boolean;
  readonly key: PublicJwk;
  readonly thumbprint: string;
  /** The auth token that the requester was called with. Only set by `verifyExchange`. */
  readonly upstream?: FebruaryAuthTokenClaims;
}

/** Whether both are the same agent and, if a delegate acts for it, the same delegate. */
export function sameAgent(grant: Pick<Requester, "agent" | "agentDelegate">, requester: Requester): boolean {
  return grant.agent === requester.agent && grant.agentDelegate === requester.agentDelegate;
}

export type SignedForm = ReceivedRequest & { readonly body: Uint8Array };

/**
 * Both methods throw OAuthError: 401 if the requester cannot be verified, 400 if the upstream token
 * cannot be exchanged.
 */
export interface RequesterVerifier {
  /** For every request type except exchange. */
  verify(request: SignedForm): Promise<Requester>;
  /**
   * For exchange, where `Signature-Key` does not contain the signing key: the header carries the
   * upstream token, which is bound to the caller's key, while the token's audience signs the
   * request with its own key (rows 12 and 50 of the deviation table). That key is the one in the
   * audience's key set with the thumbprint `agent_jkt` of the resource token.
   *
   * Does NOT verify the resource token, which is only used to find the key. The request type
   * verifies it.
   */
  verifyExchange(request: SignedForm, resourceToken: string): Promise<Requester>;
}

/**
 * Codes for an upstream token that may be genuine but cannot be exchanged. They refuse the
 * exchange, not the requester.
 */
const EXCHANGE_REFUSED: ReadonlySet<string> = new Set([
  "token_audience_mismatch",
  "token_expired",
  "token_not_yet_valid",
]);

export function createRequesterVerifier(options: {
  /**
   * Own identifier, which is the audience of agent tokens. Its host is the authority in signatures,
   * regardless of `Host`.
   */
  issuer: string;
  discovery: Discovery;
  replayStore: ClaimStore;
  now: () => number;
  /** Issuers whose auth tokens may be exchanged, this one included. */
  trustedIssuers: () => readonly string[];
  /**
   * Agents whose signatures need not cover the body. Must return the same array until the list
   * changes.
   */
  publishedPeers: () => readonly string[];
  logger: FastifyBaseLogger;
}): RequesterVerifier {
  const { issuer, discovery, replayStore, now, trustedIssuers, publishedPeers, logger } = options;
  const served = { authorities: [canonicalAuthority(issuer)], audience: issuer };
  const rules = { ...served, discovery, replayStore, now, observer: verificationTrace };
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
      // Not verified yet, so the value may not be a string.
      const thumbprint = typeof agent_jkt === "string" ? agent_jkt : "";
      if (typeof agent !== "string") throw noAgent();
      // Must be fully verified before the resource token can cause this server to send requests
      // (hole J3).
      const upstream = await verifyUpstream(upstreamToken, agent).catch((error: unknown) => {
        recordRefused(error, request, undefined);
        throw exchangeRefusal(error);
      });
      const exchangeVerifier = createVerifier(
        withPeers({ ...rules, schemes: ["jwt"] }, publishedPeers(), async () => ({
          agent,
          keys: await publishedKeys(discovery, agent, thumbprint),
        })),
      );
      // The token in `Signature-Key` names the caller, which is not the signer.
      const verdict = exchangeVerifier.verifyRequest({ ...request, sender: agent });
      return { ...requesterOf(await proven(verdict)), upstream };
    },
  };

  /**
   * Replaces the verifier when an administrator has changed the list, but keeps the replay store.
   */
  function currentVerifier(): Verifier {
    const peers = publishedPeers();
    // No issuer is trusted, because an auth token identifies a requester only as an exchange's
    // upstream token.
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

  function verifyUpstream(token: string, audience: string): Promise<FebruaryAuthTokenClaims> {
    return february2026Tokens.verifyAuthToken(token, {
      audience,
      trustedIssuers: trustedIssuers(),
      discovery,
      now,
    });
  }
}

/** The agent's key with this thumbprint, including a key added since its key set was last read. */
async function publishedKeys(discovery: Discovery, agent: string, thumbprint: string): Promise<IssuerJwk[]> {
  const known = await keysWith(discovery, agent, thumbprint);
  if (known.length > 0) return known;
  // Discovery fetches a key set again, within its limits, for a key id that is not in it.
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

/**
 * Applies `rules` to everyone, but lets `peers` omit the components that the published demo does
 * not cover.
 */
function withPeers(
  rules: VerifierOptions,
  peers: readonly string[],
  tokenHolder?: FebruaryTokenHolder,
): VerifierOptions {
  const profile = february2026Resource({ tokenHolder });
  if (peers.length === 0) return { ...rules, profile };
  const published = february2026Resource({ tokenHolder, dialect: february2026Published });
  return { ...rules, profile, accept: [{ ...rules, profile: published, peers }] };
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
  if (headers[fields.signatureKey] === undefined) {
    throw agentUnknown("missing_signature");
  }
}

function upstreamTokenOf({ headers }: ReceivedRequest): string {
  try {
    const claim = february2026.messages.parseKeyClaim(String(headers[fields.signatureKey]));
    if (claim.jwt !== undefined && decodeToken(claim.jwt).header.typ === february2026Tokens.types.auth)
      return claim.jwt;
  } catch (error) {
    throw unproven(error);
  }
  throw invalidRequest("Missing upstream auth_token.");
}

/** Claims of an unverified token, used to find its agent's keys but never for a decision. */
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

/**
 * The gate. There is no other way to a {@link VerifiedAgent}.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import { requireFieldObject } from "../http-signatures/field.ts";
import {
  createMemoryReplayStore,
  isUnsafeMethod,
  readNonce,
  spendNonce,
  spendSignature,
} from "../http-signatures/replay.ts";
import type { VerificationReport } from "../http-signatures/report.ts";
import { parseSignature } from "../http-signatures/signature.ts";
import { parseSignatureInput } from "../http-signatures/signature-input.ts";
import { verifyBody } from "../http-signatures/verify-body.ts";
import {
  invalidSignature,
  readSignatureHeaders,
  rebuildSignatureBase,
  requireAlgorithm,
  requireFreshness,
  requireSameLabel,
  type SignedBase,
  signatureHolds,
  verifySignature,
} from "../http-signatures/verify-signature.ts";
import { PROFILE } from "../profile.ts";
import { tokenExpired } from "../profiles/february-2026/auth-token.ts";
import { coverageFacts, requireCoverage } from "../profiles/february-2026/coverage.ts";
import { parseSignatureKey, type SignatureKey } from "../profiles/february-2026/signature-key.ts";
import { ownerOf } from "../store/owner-of.ts";
import { createVerifiedTokens } from "../tokens/verified-tokens.ts";
import type {
  AgentTokenClaims,
  AuthTokenClaims,
  ReceivedRequest,
  Requirement,
  SignatureScheme,
  VerificationKey,
  VerifiedAgent,
  VerifiedRequest,
} from "../types.ts";
import { type Claimant, findKey } from "./find-key.ts";
import { identityOf, requireMeant, unmetRequirement } from "./requirement.ts";
import { Trail } from "./verification-recorder.ts";
import { checkVerifierOptions, type VerifierOptions } from "./verifier-options.ts";

/** A request, and the authority its sender addressed where routing or configuration knows it (never `Host`). */
export type AddressedRequest = ReceivedRequest & { readonly authority?: string };

export interface PendingRequest {
  /** Compares the body, then the requirement. The caller's identity cannot be had before. */
  complete(body: Uint8Array | undefined): Promise<VerifiedRequest>;
}

export interface Verifier {
  /** The authorities that are served, where it says so: `createVerifier()` does. */
  readonly authorities?: readonly string[];
  /** Own resource identifier, where it says so; undefined says that it has none, and takes no auth tokens. */
  readonly audience?: string | undefined;
  /** Judges a request whose body is here. `undefined` means that it has none. */
  verifyRequest(
    request: AddressedRequest & { readonly body: Uint8Array | undefined },
    requirement?: Requirement,
  ): Promise<VerifiedRequest>;
  /** Judges everything but the body, so that a bad request costs no reading. */
  begin(request: AddressedRequest, requirement?: Requirement): Promise<PendingRequest>;
}

/**
 * Creates the gate of a resource or an auth server.
 *
 * Checks, in this order: presence and grammar of the three headers, the authority, one label, coverage, `created` and
 * `expires`, the token (scheme jwt), the key, the signature, the nonce, the body's digest, and the requirement if one
 * is given. A nonce is spent only by a valid signature, and not by a pseudonymous caller of a route that is for others.
 * An unsafe request without nonce is good for once, too: its signature is remembered instead. Discovery happens after
 * the checks that need none.
 *
 * Does NOT check that TLS was used, limit rates, or apply policy beyond the requirement.
 *
 * @throws (from its methods) AAuthError with `report`; with `provenAgent` where the caller's identity is proven and
 * only a token or scope is lacking. TypeError for fields, a target, a body or a requirement that is none. On creation: TypeError for
 * options that could never work, RangeError for a `toleranceSeconds` out of range.
 *
 * @example
 * const verifier = createVerifier({ authorities: ["resource.example"], discovery: createDiscovery() });
 * const { agent } = await verifier.verifyRequest({ method, target, headers, body }, { level: "identified" });
 */
export function createVerifier(options: VerifierOptions): Verifier {
  checkVerifierOptions(options);
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { authorities, interop = {} } = options;
  const schemes = options.schemes ?? ["hwk", "jwks", "jwt"];
  const replayStore = options.replayStore ?? createMemoryReplayStore({ now });
  const toleranceSeconds = options.toleranceSeconds ?? PROFILE.createdToleranceSeconds;
  const bodyCoverage = interop.bodyCoverage ?? "required";
  const keyOptions = {
    audience: options.audience,
    trustedIssuers: options.trustedIssuers ?? [],
    trustedAgents: options.trustedAgents,
    authTokenHolder: options.authTokenHolder,
    discovery: options.discovery,
    now,
    authTokens: createVerifiedTokens<AuthTokenClaims>({ now }),
    agentTokens: createVerifiedTokens<AgentTokenClaims>({ now }),
    cryptoMode: options.cryptoMode ?? "sync",
    bareIdIsKeySet: interop.wellKnownAbsent === "spec",
  };

  async function prove(request: AddressedRequest, requirement: Requirement | undefined, trail: Trail) {
    trail.enter("headers");
    const authority = request.authority ?? authorities[0] ?? "";
    if (!authorities.includes(authority)) {
      throw new AAuthError("unknown_authority", "the request addresses a host that is not served here");
    }
    const headers = readSignatureHeaders(request.headers);

    trail.enter("signature-key");
    const claim = parseSignatureKey(headers.signatureKey, { semicolonForm: interop.semicolonForm ?? false });
    const { facts } = trail;
    facts.scheme = claim.scheme;
    facts.label = claim.label;
    requireAccepted(claim, schemes, interop);

    trail.enter("signature-input");
    const input = parseSignatureInput(headers.signatureInput);
    facts.coveredComponents = input.components;
    facts.created = input.created;
    const signature = parseSignature(headers.signature);

    trail.enter("labels");
    requireSameLabel(claim, input, signature);

    trail.enter("coverage");
    requireCoverage(input.components, coverageFacts(request), { bodyCoverage });
    const base = rebuildSignatureBase(request, authority, input);
    facts.signatureBase = base;
    const nonce = readNonce(request, { required: options.requireNonce ?? false });

    trail.enter("created");
    const nowSeconds = now();
    requireFreshness(input, { nowSeconds, toleranceSeconds });

    const found = findKey(claim, keyOptions, trail);
    const claimant = found instanceof Promise ? await found : found;

    trail.enter("signature");
    const key = await keyThatSigned(claimant, { base, input, signature: signature.bytes });
    facts.thumbprint = key.thumbprint;

    const agent = claimant.identify(key);
    const { components } = input;
    const isBound = bodyCoverage === "required" || components.includes(PROFILE.headers.contentDigest);
    if (agent.level === "pseudonymous" && requirement !== undefined && requirement.level !== "pseudonymous") {
      // Refused in any case: what is done once is nothing, and nothing has to be remembered of a stranger.
      trail.skip("replay", "the caller is below the level of the route");
    } else if (nonce === undefined && !(isUnsafeMethod(request.method) && isBound)) {
      trail.skip("replay", "the request has no nonce");
    } else {
      trail.enter("replay");
      const { thumbprint } = key;
      const { level } = agent;
      const use = {
        authority,
        thumbprint,
        share: { level, owner: level === "pseudonymous" ? thumbprint : ownerOf(agent.agent) },
        createdSeconds: input.created ?? nowSeconds,
        nowSeconds,
        toleranceSeconds,
      };
      await (nonce === undefined
        ? spendSignature(replayStore, { ...use, signature: signature.bytes })
        : spendNonce(replayStore, { ...use, nonce }));
    }
    return { agent, expired: claimant.tokenExpired, components };
  }

  async function begin(request: AddressedRequest, requirement?: Requirement): Promise<PendingRequest> {
    requireReadable(request);
    if (requirement !== undefined) requireMeant(requirement);
    const trail = new Trail();
    try {
      const { agent, expired, components } = await prove(request, requirement, trail);
      return {
        async complete(body) {
          requireBytes(body);
          try {
            if (options.bodyVerifiedBy === "downstream") {
              trail.skip("content-digest", "left to the resource behind, which has the body");
            } else {
              trail.enter("content-digest");
              await verifyBody({ headers: request.headers, components, body }, { bodyCoverage });
            }
            if (expired) refuseExpired(agent, trail);
          } catch (error) {
            throw trail.fail(error);
          }
          if (requirement === undefined) {
            trail.skip("requirement", "none is given");
          } else {
            trail.enter("requirement");
            const unmet = unmetRequirement(agent, requirement);
            if (unmet !== undefined) throw trail.fail(unmet);
          }
          return new Passed(agent, trail);
        },
      };
    } catch (error) {
      throw trail.fail(error);
    }
  }

  return {
    authorities,
    audience: options.audience,
    begin,
    verifyRequest: async (request, requirement) => (await begin(request, requirement)).complete(request.body),
  };
}

/**
 * What a program hands over wrongly is its mistake and no caller's: without this each request would be refused as unsigned.
 *
 * @throws TypeError
 */
function requireReadable({ target, headers }: AddressedRequest): void {
  if (typeof target !== "string") throw new TypeError("target must be path and query as on the request line");
  requireFieldObject(headers);
}

/** @throws TypeError for what a parser has made of the body, or for a stream: the digest is of the bytes as they came. */
function requireBytes(body: unknown): void {
  if (body === undefined || body === null || ArrayBuffer.isView(body)) return;
  throw new TypeError("body must be the bytes as they came (Uint8Array), before any parser");
}

/** A class, because a literal with an accessor gets a hidden class each time, which keeps what it refers to until the next full collection. */
class Passed implements VerifiedRequest {
  readonly agent: VerifiedAgent;
  readonly #trail: Trail;
  #report: VerificationReport | undefined;

  constructor(agent: VerifiedAgent, trail: Trail) {
    this.agent = agent;
    this.#trail = trail;
  }

  /** Made when it is looked at: most requests are never asked how they passed. */
  get report(): VerificationReport {
    this.#report ??= this.#trail.report();
    return this.#report;
  }
}

function requireAccepted(
  claim: SignatureKey,
  schemes: readonly SignatureScheme[],
  { jwksMode1 }: NonNullable<VerifierOptions["interop"]>,
): void {
  if (!schemes.includes(claim.scheme)) {
    throw new AAuthError("unsupported_scheme", `scheme ${claim.scheme} is not accepted here`);
  }
  if ("jwksUri" in claim && jwksMode1 !== "verify-only") {
    throw new AAuthError("unsupported_scheme", "a key set by URL proves no identity");
  }
  if ("id" in claim && claim.wellKnown !== undefined && claim.wellKnown !== PROFILE.wellKnown.agent) {
    // The name would become part of the address that is fetched.
    throw new AAuthError("unsupported_scheme", `well-known must be ${PROFILE.wellKnown.agent}`);
  }
}

/** The first key the signature verifies with; a cached one may have been replaced since. */
async function keyThatSigned({ keys, replacedKey }: Claimant, message: SignedBase): Promise<VerificationKey> {
  if (keys.length === 0) throw new AAuthError("unknown_key", "there is no key to verify with");
  requireAlgorithm(message.input);
  for (const key of keys) {
    const holds = signatureHolds(message, key);
    if ((typeof holds === "boolean" ? holds : await holds) === true) return key;
  }
  const replaced = await replacedKey?.();
  if (replaced === undefined) throw invalidSignature();
  await verifySignature({ ...message, key: replaced });
  return replaced;
}

/** Expiry is judged last: whoever gets this far owns the token, and may be challenged for a new one. */
function refuseExpired(agent: VerifiedAgent, trail: Trail): never {
  trail.enter("token");
  const error = tokenExpired();
  if (agent.level !== "pseudonymous") error.provenAgent = identityOf(agent);
  throw error;
}

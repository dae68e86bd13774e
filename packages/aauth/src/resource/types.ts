/**
 * What a verifier is configured with, and what it does. Nothing of its configuration is ever taken
 * from the message being judged.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { AAuthVerificationError } from "../errors.ts";
import type { EndpointRole } from "../profile/messages.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { RevocationCheck, TokenHolder } from "../profile/verification.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { ClaimStore } from "../store/claim-store.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type {
  CallerOf,
  Level,
  ProvenCaller,
  ReceivedRequest,
  Requirement,
  VerifiedRequest,
} from "../types.ts";

/**
 * Judges requests, as configured.
 *
 * @typeParam Name names of the levels of its profiles. Default: those of the dialects of this
 * package
 */
export interface Verifier<Name extends string = Level> {
  /** The authorities that are served. */
  readonly authorities?: readonly string[];
  /** The profiles that are accepted. Unsigned requests are judged by the first. */
  readonly profiles: readonly ResourceProfile[];
  /** Own resource identifier. */
  readonly audience?: string | undefined;
  /**
   * Checks a requirement before the first request: the methods below do it with each.
   *
   * @throws TypeError for a requirement that the profile cannot mean, or that no request can meet:
   * it needs an auth token, and the verifier has no `audience` or no `trustedIssuers`.
   */
  checkRequirement(requirement: Requirement<Name>): void;
  /**
   * Judges a request whose body has been read. The result's members follow from the requirement.
   *
   * @throws AAuthVerificationError
   * @throws TypeError as `checkRequirement`, and for arguments that are not a request
   */
  verifyRequest<const R extends Requirement<Name>>(
    request: AddressedRequest & { readonly body: Uint8Array | undefined },
    requirement: R,
  ): Promise<VerifiedRequest<CallerOf<R>>>;
  verifyRequest(
    request: AddressedRequest & { readonly body: Uint8Array | undefined },
  ): Promise<VerifiedRequest>;
  /**
   * Judges everything but the body, so that a bad request costs no reading. Throws as
   * `verifyRequest`.
   */
  begin<const R extends Requirement<Name>>(
    request: AddressedRequest,
    requirement: R,
  ): Promise<VerifiedHead<CallerOf<R>>>;
  begin(request: AddressedRequest): Promise<VerifiedHead>;
}

/**
 * What has come of the verification of one request, with what it was answered; for logs, metrics
 * and spans. Carries no token.
 */
export type VerificationOutcome =
  | {
      readonly type: "request_verified";
      readonly verified: VerifiedRequest;
      readonly requirement: Requirement;
    }
  | {
      readonly type: "request_refused";
      readonly error: AAuthVerificationError;
      readonly requirement: Requirement;
      readonly challenge: Answer;
    };

/** Verdict of a verifier on one request. Carries no token. */
export type VerifierEvent =
  | {
      readonly type: "request_verified";
      readonly verified: VerifiedRequest;
      readonly requirement: Requirement<string> | undefined;
    }
  | {
      readonly type: "request_refused";
      readonly error: AAuthVerificationError;
      readonly requirement: Requirement<string> | undefined;
    };

/** Receives each verdict of a verifier, for logs, metrics and spans. What it throws is dropped. */
export type VerifierObserver = (event: VerifierEvent, request: AddressedRequest) => void;

/** A request, and what routing or configuration knows of it. */
export interface AddressedRequest extends ReceivedRequest {
  /** The authority its sender addressed, never `Host`. Default: the first one served. */
  readonly authority?: string;
  /**
   * Its sender, where `Signature-Key` holds a token of another agent. It selects one of `accept`
   * and proves nothing. Default: the agent named there.
   */
  readonly sender?: string;
}

/** A request that has passed every check that needs no body. */
export interface VerifiedHead<Caller extends ProvenCaller = ProvenCaller> {
  /**
   * Compares the body, then the requirement. The caller's identity cannot be had before.
   *
   * @param body the bytes as they came; `undefined` for none
   * @throws AAuthVerificationError
   * @throws TypeError for a body that is not bytes
   */
  complete(body: Uint8Array | undefined): Promise<VerifiedRequest<Caller>>;
}

/**
 * One dialect that a verifier accepts, with the peers that it is accepted from.
 *
 * @typeParam Name names of its levels
 */
export interface AcceptedProfile<Name extends string = string> {
  /** Default `draft11`. */
  readonly profile?: ResourceProfile<Name> | undefined;
  /**
   * Canonical authorities served (`host`, or `host:port` unless the scheme's default). The first is
   * the default.
   */
  readonly authorities: readonly string[];
  /** Own resource identifier: the audience of auth tokens. Without it no auth token is accepted. */
  readonly audience?: string | undefined;
  /**
   * Issuers whose auth tokens count; in draft -11 the person servers and access servers whose
   * person and auth tokens do. Default none.
   */
  readonly trustedIssuers?: readonly string[] | undefined;
  /**
   * Own access server, in draft -11: then its auth tokens count and no other's, and
   * `trustedIssuers` are the person servers whose person tokens do. Default: none, and person
   * servers issue both.
   */
  readonly accessServer?: string | undefined;
  /**
   * Agents that may call, by scheme jwks, agent token or auth token; in draft -11 the agent
   * providers whose agent tokens count, and the servers that may call in their own name. Default:
   * any that discovery's guard lets through.
   */
  readonly trustedAgents?: TrustPolicy | undefined;
  /** Finds keys and documents. */
  readonly discovery: Discovery;
  /**
   * Schemes of `Signature-Key` that are accepted. Default: those of the profile for this kind of
   * endpoint.
   */
  readonly schemes?: readonly string[] | undefined;
  /**
   * Identifiers of the agents that it is accepted from, where its messages have the shape of
   * another accepted profile's. A message that names no agent is judged by it only on a route whose
   * `requirement.profiles` names it. Default: everyone.
   */
  readonly peers?: readonly string[] | undefined;
}

/**
 * What a verifier accepts, from whom, and what it remembers. Replicas of one resource share
 * `replayStore`, and the key of the challenger.
 *
 * @typeParam Name names of the levels of `profile`
 * @typeParam Other names of the levels of `accept`
 */
export interface VerifierOptions<Name extends string = string, Other extends string = string>
  extends Omit<AcceptedProfile<Name>, "peers"> {
  /**
   * Further dialects on the same endpoint, distinguished by the shape of `Signature-Key`, or by
   * `peers`. Each is judged by its own authorities, audience and issuers. Default none.
   */
  readonly accept?: readonly AcceptedProfile<Other>[] | undefined;
  /**
   * What kind of endpoint this is: which schemes, tokens and coverage count there is the profile's.
   * Default `resource`.
   */
  readonly endpoint?: EndpointRole | undefined;
  /**
   * Where used nonces and signatures are remembered. Default: in memory, for this process only.
   * Replicas of one resource have to share a store, or each accepts a repetition once. On a runtime
   * that does not say when its process began, such as Workers, requests that have to be remembered
   * are refused with `store_unavailable` unless there is a store: an isolate does not know of the
   * next.
   */
  readonly replayStore?: ClaimStore | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * How far `created` may be from now, either way, seconds. At most 3600: so long a request can be
   * repeated, and is remembered. Default: the profile's (60).
   */
  readonly toleranceSeconds?: number | undefined;
  /**
   * Refuse requests with an unsafe method that carry no nonce. Default false: what they have signed
   * is remembered like a nonce, so that it does not pass twice.
   */
  readonly requireNonce?: boolean | undefined;
  /**
   * For auth servers: takes over for auth tokens in `Signature-Key`, which at a token exchange are
   * not the caller's own but addressed to it (profile 6.1). `audience` and `trustedIssuers` then
   * count for nothing. Default: none.
   */
  readonly tokenHolder?: TokenHolder | undefined;
  /**
   * Asked for each token that a message shows, once its signature has verified: true refuses it.
   * For profiles whose tokens can be revoked. Default: no token is revoked.
   */
  readonly isRevoked?: RevocationCheck | undefined;
  /**
   * For a decision point in front of a resource, which does not receive the body: the digest must
   * be covered, but that it belongs to the body is for the resource behind to prove. Never set it
   * where requests are served. Default: the body is compared here.
   */
  readonly contentDigest?: "covered" | undefined;
  /**
   * Components that signatures have to cover beside those that the profile demands, where a message
   * has them: what a resource of draft -11 publishes as `additional_signature_components`. Default
   * none.
   */
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * `pool`, for servers: what comes while another signature is being verified is verified off the
   * event loop, which answers more requests per second. Default `sync`.
   */
  readonly cryptoMode?: "sync" | "pool" | undefined;
  /** Receives each verdict, a wrong argument (TypeError) apart. Default: none. */
  readonly observer?: VerifierObserver | undefined;
}

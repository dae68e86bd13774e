/**
 * Options and methods of a verifier. Its configuration never depends on the verified message.
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import type { Observer } from "../profile/events.ts";
import type { EndpointRole } from "../profile/messages.ts";
import type { RevocationCheck } from "../profile/verification.ts";
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
 * Verifies requests.
 *
 * @typeParam Name names of the levels of its profiles. Default: those of this package's dialects
 */
export interface Verifier<Name extends string = Level> {
  /** The served authorities. */
  readonly authorities?: readonly string[];
  /** The accepted profiles. The first applies to unsigned requests. */
  readonly profiles: readonly ResourceProfile[];
  /** Identifier of the resource. */
  readonly audience?: string | undefined;
  /**
   * Checks a requirement before the first request. The methods below also check it.
   *
   * @throws TypeError for a requirement that is invalid in the profile, or that no request can meet
   *   because it needs an auth token and the verifier has no `audience` or no issuers
   */
  checkRequirement(requirement: Requirement<Name>): void;
  /**
   * Verifies a request whose body has been read. The requirement determines the members of the
   * result.
   *
   * @throws AAuthVerificationError
   * @throws TypeError like `checkRequirement`, and for invalid arguments
   */
  verifyRequest<const R extends Requirement<Name>>(
    request: AddressedRequest & { readonly body: Uint8Array | undefined },
    requirement: R,
  ): Promise<VerifiedRequest<CallerOf<R>>>;
  verifyRequest(
    request: AddressedRequest & { readonly body: Uint8Array | undefined },
  ): Promise<VerifiedRequest>;
  /**
   * Verifies everything except the body, so that the body of an invalid request is not read. Throws
   * like `verifyRequest`.
   */
  begin<const R extends Requirement<Name>>(
    request: AddressedRequest,
    requirement: R,
  ): Promise<VerifiedHead<CallerOf<R>>>;
  begin(request: AddressedRequest): Promise<VerifiedHead>;
}

/** A request, with facts known from routing or configuration. */
export interface AddressedRequest extends ReceivedRequest {
  /**
   * The authority that the sender addressed, never from `Host`. Default: the first served
   * authority.
   */
  readonly authority?: string;
  /**
   * Its sender, if `Signature-Key` contains a token of another agent. It only selects one of
   * `accept`, and is not proven. Default: the agent named there.
   */
  readonly sender?: string;
}

/** A request that has passed all checks that need no body. */
export interface VerifiedHead<Caller extends ProvenCaller = ProvenCaller> {
  /**
   * Checks the body, then the requirement. The caller's identity is available only afterwards.
   *
   * @param body the received bytes; `undefined` for none
   * @throws AAuthVerificationError
   * @throws TypeError for a body that is not bytes
   */
  complete(body: Uint8Array | undefined): Promise<VerifiedRequest<Caller>>;
}

/**
 * A dialect that a verifier accepts, and the peers from which it is accepted.
 *
 * @typeParam Name names of its levels
 */
export interface AcceptedProfile<Name extends string = string> {
  /** Default `draft11`. */
  readonly profile?: ResourceProfile<Name> | undefined;
  /**
   * Served authorities in canonical form (`host`, or `host:port` unless it is the scheme's
   * default). The first is the default.
   */
  readonly authorities: readonly string[];
  /**
   * Identifier of the resource, and the audience of auth tokens. Without it, no auth token is
   * accepted.
   */
  readonly audience?: string | undefined;
  /** Person servers whose person and auth tokens are accepted. Default: none. */
  readonly personServers?: readonly string[] | undefined;
  /**
   * The resource's access server. Only its auth tokens are accepted, and only the person tokens of
   * `personServers`. Default: none; person servers issue both.
   */
  readonly accessServer?: string | undefined;
  /**
   * Agent providers whose agents may call, and servers that may call in their own name. Person and
   * auth tokens of draft -11 name no agent, so it does not restrict them. Default: any that
   * discovery's guard allows.
   */
  readonly agentProviders?: TrustPolicy | undefined;
  /** Finds keys and documents: `createDiscovery()`. */
  readonly discovery: Discovery;
  /**
   * Accepted schemes of `Signature-Key`. Default: those of the profile for this kind of endpoint.
   */
  readonly schemes?: readonly string[] | undefined;
  /**
   * Identifiers of the agents from which it is accepted, if its messages have the same syntax as
   * another accepted profile's. It applies to a message that names no agent only on a route whose
   * `requirement.profiles` names it. Default: all agents.
   */
  readonly peers?: readonly string[] | undefined;
}

/**
 * Options of a verifier. Replicas of one resource share `replayStore`, and the key of the
 * challenger.
 *
 * @typeParam Name names of the levels of `profile`
 * @typeParam Other names of the levels of `accept`
 */
export interface VerifierOptions<Name extends string = string, Other extends string = string>
  extends Omit<AcceptedProfile<Name>, "peers"> {
  /**
   * Additional dialects on the same endpoint, distinguished by the syntax of `Signature-Key` or by
   * `peers`. Each has its own authorities, audience and issuers. Default: none.
   */
  readonly accept?: readonly AcceptedProfile<Other>[] | undefined;
  /**
   * Kind of endpoint, for which the profile defines accepted schemes, tokens and coverage. Default
   * `resource`.
   */
  readonly endpoint?: EndpointRole | undefined;
  /**
   * Store of used nonces and signatures. Replicas of one resource must share it; otherwise each
   * accepts a replay once. Default: in memory, for this process. On a runtime without a process
   * start time, such as Workers, there is no default, because isolates share no memory: requests
   * that need the store are refused with `store_unavailable`.
   */
  readonly replayStore?: ClaimStore | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * Tolerance of `created` in both directions, in seconds. At most 3600; it is also the time for
   * which requests are remembered. Default: the profile's (60).
   */
  readonly toleranceSeconds?: number | undefined;
  /**
   * Called for each presented token after its signature has verified; true refuses it. For profiles
   * with revocation. Default: no token is revoked.
   */
  readonly isRevoked?: RevocationCheck | undefined;
  /**
   * For a policy decision point in front of a resource, which does not receive the body: the digest
   * must be covered, and the resource compares it with the body. Never set it for a verifier of
   * served requests. Default: the body is verified here.
   */
  readonly contentDigest?: "covered" | undefined;
  /**
   * Additional components that signatures must cover if the message has them, as a draft -11
   * resource publishes in `additional_signature_components`. Default: none.
   */
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * `pool`, for servers, verifies concurrent signatures off the event loop, which increases
   * throughput. Default `sync`.
   */
  readonly cryptoMode?: "sync" | "pool" | undefined;
  /** Receives each verdict, but not a TypeError for invalid arguments, which is thrown. */
  readonly observer?: Observer<AddressedRequest> | undefined;
}

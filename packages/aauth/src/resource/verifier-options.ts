/**
 * What a verifier is configured with. Nothing of it is ever taken from the message being judged.
 *
 * @module
 */

import { requireDiscovery, requireIdentifier, requireIdentifiers } from "../discovery/checked-options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { canonicalAuthority } from "../http-signatures/authority.ts";
import type { ReplayStore } from "../http-signatures/replay.ts";
import {
  requireArray,
  requireBoolean,
  requireFunction,
  requireMethods,
  requireOneOf,
  requireSeconds,
} from "../keys/option-checks.ts";
import { CRYPTO_MODES } from "../keys/verification-key.ts";
import { february2026 } from "../profiles/february-2026/index.ts";
import type { EndpointRole, TokenHolder, WireProfile } from "../profiles/wire-profile.ts";
import type { TrustPolicy } from "../tokens/trust.ts";

/** One dialect that a verifier accepts, with the peers that it is accepted from. */
export interface AcceptedProfile {
  /** Default `february2026`. */
  readonly profile?: WireProfile | undefined;
  /** Canonical authorities served (`host`, or `host:port` unless the scheme's default). The first is the default. */
  readonly authorities: readonly string[];
  /** Own resource identifier: the audience of auth tokens. Without it no auth token is accepted. */
  readonly audience?: string | undefined;
  /** Issuers whose auth tokens count. Default none. */
  readonly trustedIssuers?: readonly string[] | undefined;
  /** Agents that may call, by scheme jwks, agent token or auth token. Default: any that discovery's guard lets through. */
  readonly trustedAgents?: TrustPolicy | undefined;
  /** Finds keys and documents. */
  readonly discovery: Discovery;
  /** Schemes of `Signature-Key` that are accepted. Default: those of the profile for this kind of endpoint. */
  readonly schemes?: readonly string[] | undefined;
}

/**
 * What a verifier accepts, from whom, and what it remembers. Replicas of one resource share `replayStore`, and the key of the
 * challenger.
 */
export interface VerifierOptions extends AcceptedProfile {
  /**
   * Further dialects on the same endpoint, told apart by the shape of `Signature-Key`. Each is judged by its own authorities, audience and
   * issuers. Default none.
   */
  readonly accept?: readonly AcceptedProfile[] | undefined;
  /** What kind of endpoint this is: which schemes, tokens and coverage count there is the profile's. Default `resource`. */
  readonly endpoint?: EndpointRole | undefined;
  /**
   * Where used nonces and signatures are remembered. Default: in memory, for this process only. Replicas of one resource have to share a
   * store, or each accepts a repetition once.
   */
  readonly replayStore?: ReplayStore | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * How far `created` may be from now, either way, seconds. At most 3600: so long a request can be repeated, and is remembered. Default:
   * the profile's (60).
   */
  readonly toleranceSeconds?: number | undefined;
  /**
   * Refuse requests with an unsafe method that carry no nonce. Default false: what they have signed is remembered like a nonce, so that it
   * does not pass twice.
   */
  readonly requireNonce?: boolean | undefined;
  /**
   * For auth servers: takes over for auth tokens in `Signature-Key`, which at a token exchange are not the caller's own but addressed to it
   * (profile 6.1). `audience` and `trustedIssuers` then count for nothing. Default: none.
   */
  readonly tokenHolder?: TokenHolder | undefined;
  /**
   * For a decision point in front of a resource, which does not receive the body: the digest must be covered, but that it belongs to the
   * body is for the resource behind to prove. Never set it where requests are served. Default: the body is compared here.
   */
  readonly bodyVerifiedBy?: "downstream" | undefined;
  /**
   * `pool`, for servers: what comes while another signature is being verified is verified off the event loop, which answers more requests
   * per second. Default `sync`.
   */
  readonly cryptoMode?: "sync" | "pool" | undefined;
}

/** Clocks that are an hour apart are not wrong but elsewhere, and what is longer may well be milliseconds. */
const MAX_TOLERANCE_SECONDS = 3_600;

/**
 * @throws TypeError for options that could never work.
 * @throws RangeError for a `toleranceSeconds` out of range.
 */
export function checkVerifierOptions(options: VerifierOptions): void {
  requireSeconds("toleranceSeconds", options.toleranceSeconds, MAX_TOLERANCE_SECONDS);
  requireMethods("replayStore", options.replayStore, ["putIfAbsent"]);
  requireFunction("now", options.now);
  requireFunction("tokenHolder", options.tokenHolder);
  requireBoolean("requireNonce", options.requireNonce);
  requireOneOf("cryptoMode", options.cryptoMode, CRYPTO_MODES);
  requireOneOf("bodyVerifiedBy", options.bodyVerifiedBy, ["downstream"]);
}

/**
 * Identifiers are compared as strings and looked up by discovery, which takes canonical ones only: any other would refuse every request.
 *
 * @throws TypeError
 */
export function checkAcceptedProfile(accepted: AcceptedProfile, schemes: readonly string[]): void {
  const { authorities, audience, trustedIssuers, discovery, trustedAgents = [] } = accepted;
  const { profile = february2026 } = accepted;
  if (audience !== undefined) requireIdentifier("audience", audience, profile);
  requireArray("authorities", authorities);
  if (authorities.length === 0) throw new TypeError("authorities must name at least one host");
  for (const authority of authorities) checkAuthority(authority, audience);
  if (trustedIssuers !== undefined) requireIdentifiers("trustedIssuers", trustedIssuers, profile);
  if (trustedIssuers?.length && audience === undefined) {
    throw new TypeError("trustedIssuers needs audience: a token is only good for the resource it names");
  }
  requireDiscovery(discovery);
  if (accepted.schemes !== undefined) {
    requireArray("schemes", accepted.schemes);
    if (accepted.schemes.length === 0) throw new TypeError("schemes must name at least one scheme");
    for (const scheme of accepted.schemes) {
      if (!schemes.includes(scheme)) {
        throw new TypeError(`schemes must be any of ${schemes.join(", ")}, not ${scheme}`);
      }
    }
  }
  if (typeof trustedAgents !== "function") requireIdentifiers("trustedAgents", trustedAgents, profile);
}

function checkAuthority(authority: string, audience: string | undefined): void {
  if (typeof authority !== "string" || !/^[^/?#@\sA-Z]+$/.test(authority)) {
    throw new TypeError(`authorities must be lower-case host[:port], not ${authority}`);
  }
  const schemes = audience === undefined ? ["http", "https"] : [new URL(audience).protocol.slice(0, -1)];
  const spellings = schemes.map((scheme) => spelledAsSigned(`${scheme}://${authority}`));
  if (spellings.includes(authority)) return;
  const [signed] = spellings;
  throw new TypeError(
    signed === undefined
      ? `authorities must be lower-case host[:port], not ${authority}`
      : `authorities must be as callers sign them: ${signed}, not ${authority} (the scheme's own port is left out)`,
  );
}

function spelledAsSigned(url: string): string | undefined {
  try {
    return canonicalAuthority(url);
  } catch {
    return undefined;
  }
}

/**
 * What a gate is configured with. Nothing of it is ever taken from the message being judged.
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
import type { TrustPolicy } from "../tokens/trust.ts";
import type { SignatureScheme } from "../types.ts";
import type { AuthTokenHolder } from "./find-key.ts";

export interface VerifierOptions {
  /** Canonical authorities served (`host`, or `host:port` unless the scheme's default). The first is the default. */
  readonly authorities: readonly string[];
  /** Own resource identifier: the audience of auth tokens. Without it no auth token is accepted. */
  readonly audience?: string | undefined;
  /** Issuers whose auth tokens count. Default none. */
  readonly trustedIssuers?: readonly string[] | undefined;
  readonly discovery: Discovery;
  /** Where used nonces are remembered. Default: in memory, for one process. */
  readonly replayStore?: ReplayStore | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** How far `created` may be from now, either way. Default 60, at most 3600: what is signed can be repeated, and is remembered, as long. */
  readonly toleranceSeconds?: number | undefined;
  /**
   * Refuse requests with an unsafe method that carry no nonce. Default false: their signature is remembered like a
   * nonce, so that the same one does not pass twice.
   */
  readonly requireNonce?: boolean | undefined;
  /** Default: hwk, jwks and jwt. */
  readonly schemes?: readonly SignatureScheme[] | undefined;
  /** Agents that may call, by scheme jwks, agent token or auth token. Default: anyone discovery's guard lets through. */
  readonly trustedAgents?: TrustPolicy | undefined;
  /**
   * For auth servers: takes over for auth tokens in `Signature-Key`, which at a token exchange are not the caller's own
   * but addressed to it (profile 6.1). `audience` and `trustedIssuers` then count for nothing.
   */
  readonly authTokenHolder?: AuthTokenHolder | undefined;
  /**
   * For a decision point in front of a resource, which is not given the body: the digest must be covered, but that it
   * belongs to the body is for the resource behind to prove. Never set it where requests are served.
   */
  readonly bodyVerifiedBy?: "downstream" | undefined;
  /** Looser behaviour, each switch for one kind of peer. */
  readonly interop?: {
    /**
     * Do not demand that the body is covered; a `Content-Digest` that is there is compared all the same. An uncovered
     * body can be exchanged, so that a repetition is only refused by its nonce.
     */
    readonly bodyCoverage?: "optional" | undefined;
    /** Accept `Signature-Key` in the semicolon form of the later draft. */
    readonly semicolonForm?: boolean | undefined;
    /** Verify scheme jwks with a key set by URL (`jwks="…"`). Whose it is nobody says: the caller stays pseudonymous. */
    readonly jwksMode1?: "verify-only" | undefined;
    /** Take the `id` of scheme jwks for a key set when `well-known` is absent, as SPEC says and nobody does. */
    readonly wellKnownAbsent?: "spec" | undefined;
  };
  /**
   * `pool`, for servers: what comes while another signature is being verified is verified off the event loop, which answers more requests
   * per second. Default `sync`.
   */
  readonly cryptoMode?: "sync" | "pool" | undefined;
}

const SCHEMES: readonly SignatureScheme[] = ["hwk", "jwks", "jwt"];
/** The profile names no bound. Clocks that are an hour apart are not wrong but elsewhere, and what is longer may well be milliseconds. */
const MAX_TOLERANCE_SECONDS = 3_600;

/**
 * Identifiers are compared as strings and looked up by discovery, which takes canonical ones only: any other would refuse every
 * request, one after the other.
 *
 * @throws TypeError for options that could never work, RangeError for a `toleranceSeconds` out of range.
 */
export function checkVerifierOptions(options: VerifierOptions): void {
  const { authorities, audience, trustedIssuers = [], discovery, toleranceSeconds } = options;
  const { schemes = SCHEMES, trustedAgents = [] } = options;
  if (audience !== undefined) requireIdentifier("audience", audience);
  requireArray("authorities", authorities);
  if (authorities.length === 0) throw new TypeError("authorities must name at least one host");
  for (const authority of authorities) {
    if (typeof authority !== "string" || !/^[^/?#@\sA-Z]+$/.test(authority)) {
      throw new TypeError(`authorities must be lower-case host[:port], not ${authority}`);
    }
    if (!isSpelledAsSigned(authority, audience)) {
      throw new TypeError(
        `authorities must be as callers sign them (canonicalAuthority of the service's URL), not ${authority}`,
      );
    }
  }
  requireIdentifiers("trustedIssuers", trustedIssuers);
  if (trustedIssuers.length > 0 && audience === undefined) {
    throw new TypeError("trustedIssuers needs audience: a token is only good for the resource it names");
  }
  requireDiscovery(discovery);
  requireArray("schemes", schemes);
  if (schemes.length === 0) throw new TypeError("schemes must name at least one scheme");
  for (const scheme of schemes) {
    if (!SCHEMES.includes(scheme))
      throw new TypeError(`schemes must be any of ${SCHEMES.join(", ")}, not ${scheme}`);
  }
  if (typeof trustedAgents !== "function") requireIdentifiers("trustedAgents", trustedAgents);
  requireSeconds("toleranceSeconds", toleranceSeconds, MAX_TOLERANCE_SECONDS);
  requireMethods("replayStore", options.replayStore, ["putIfAbsent"]);
  requireFunction("now", options.now);
  requireBoolean("requireNonce", options.requireNonce);
  requireBoolean("interop.semicolonForm", options.interop?.semicolonForm);
  requireOneOf("cryptoMode", options.cryptoMode, CRYPTO_MODES);
  requireOneOf("bodyVerifiedBy", options.bodyVerifiedBy, ["downstream"]);
  requireOneOf("interop.bodyCoverage", options.interop?.bodyCoverage, ["optional", "required"]);
}

/** Nobody signs for another spelling: `reports.example:443` for `https://reports.example` would refuse every request. */
function isSpelledAsSigned(authority: string, audience: string | undefined): boolean {
  const schemes = audience === undefined ? ["http", "https"] : [new URL(audience).protocol.slice(0, -1)];
  return schemes.some((scheme) => {
    try {
      return canonicalAuthority(`${scheme}://${authority}`) === authority;
    } catch {
      return false;
    }
  });
}

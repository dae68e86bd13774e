/**
 * The record of one verification, check by check. A verifier attaches it to its result and to every
 * error, so that a trace, a log line or `aauth-explain` can show it without verifying again.
 *
 * @module
 */

/**
 * Name of a check, unique within a wire profile. The profile lists its checks in the order in which
 * they are made.
 */
export type CheckName = string;

/** One check of a verification. */
export interface Check {
  /** One of the profile's names. */
  readonly name: CheckName;
  /** Section of the profile's text, or of the RFC, that demands the check. */
  readonly section: string;
  /** `skipped` if the check does not apply or an earlier one failed. */
  readonly verdict: "passed" | "failed" | "skipped";
  /** Reason in one sentence without secrets. Always present when the verdict is `failed`. */
  readonly reason?: string;
}

/**
 * Source of the verification key: `header`, `discovery`, `discovery-cache`, or the type of token
 * that confirmed it.
 */
export type KeySource = string;

/**
 * All checks of one verification, and the facts they used. A member is unset if the message was
 * refused before the fact was known.
 */
export interface VerificationReport {
  /** Name of the wire profile that applied. */
  readonly profile: string;
  /** Every check of the profile, in its order. */
  readonly checks: readonly Check[];
  /** The scheme of `Signature-Key`. */
  readonly scheme?: string;
  /** The label of the signature. */
  readonly label?: string;
  /** Covered components, in signing order. */
  readonly coveredComponents?: readonly string[];
  /**
   * Whether the signature binds the body. False if the profile allows an uncovered body and this
   * one is uncovered.
   */
  readonly bodyBound?: boolean;
  /** Unix seconds. */
  readonly created?: number;
  /**
   * The signature base as rebuilt from the message. It contains the whole token, and so is not
   * enumerable: a report in a log or in JSON lacks it.
   */
  readonly signatureBase?: string;
  /** Source of the verification key. */
  readonly keySource?: KeySource;
  /** RFC 7638 thumbprint of the key that signed. */
  readonly thumbprint?: string;
}

/**
 * What one verification saw and decided, check by check. The report rides on the result and on
 * every error of a verifier, so that a trace, a log line or `aauth-explain` can show it without
 * repeating the work.
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
  /** `skipped` where it does not apply, or an earlier check failed. */
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why, in one sentence without secrets. Always present when the verdict is `failed`. */
  readonly reason?: string;
}

/**
 * Where the verification key came from: `header`, `discovery`, `discovery-cache`, or the type of
 * token that confirmed it.
 */
export type KeySource = string;

/**
 * All checks of one verification, and the facts they were made on. A member is unset where the
 * message was refused before it was known.
 */
export interface VerificationReport {
  /** Name of the wire profile that the message was judged by. */
  readonly profile: string;
  /** Every check of the profile, in its order. */
  readonly checks: readonly Check[];
  /** The scheme of `Signature-Key`. */
  readonly scheme?: string;
  /** The label of the signature. */
  readonly label?: string;
  /** What the signature covers, in the order signed. */
  readonly coveredComponents?: readonly string[];
  /**
   * Whether the signature binds the body: false where the profile lets a body go uncovered and this
   * one is.
   */
  readonly bodyBound?: boolean;
  /** Unix seconds. */
  readonly created?: number;
  /**
   * The signature base as rebuilt from the message; contains the whole `signature-key` value, so
   * cut it before it is stored.
   */
  readonly signatureBase?: string;
  /** Where the verification key came from. */
  readonly keySource?: KeySource;
  /** RFC 7638 thumbprint of the key that signed. */
  readonly thumbprint?: string;
}

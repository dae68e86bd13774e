/**
 * What one verification saw and decided, check by check. The report rides on the result and on every error of a verifier, so that a
 * trace, a log line or `aauth/explain` can show it without repeating the work.
 *
 * @module
 */

/** Name of a check, unique within a wire profile. The profile lists its checks in the order in which they are made. */
export type CheckName = string;

export interface Check {
  readonly name: CheckName;
  /** Section of the profile's text, or of the RFC, that demands the check. */
  readonly section: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why, in one sentence without secrets. Always present when the verdict is `failed`. */
  readonly reason?: string;
}

/** Where the verification key came from: `header`, `discovery`, `discovery-cache`, or the type of token that confirmed it. */
export type KeySource = string;

export interface VerificationReport {
  /** Name of the wire profile that the message was judged by. */
  readonly profile: string;
  readonly checks: readonly Check[];
  readonly scheme?: string;
  readonly label?: string;
  readonly coveredComponents?: readonly string[];
  /** Whether the signature binds the body: false where the profile lets a body go uncovered and this one is. */
  readonly bodyBound?: boolean;
  /** Unix seconds. */
  readonly created?: number;
  /** The signature base as rebuilt from the message; contains the whole `signature-key` value, so cut it before it is stored. */
  readonly signatureBase?: string;
  readonly keySource?: KeySource;
  readonly thumbprint?: string;
}

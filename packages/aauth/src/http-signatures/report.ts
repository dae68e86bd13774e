/**
 * What one verification saw and decided, check by check. It rides on the result and on every error of the gate,
 * so that a trace, a log line or `aauth/explain` can show it without doing the work again.
 *
 * @module
 */

/** The checks in the order they are made. */
export type CheckName =
  | "headers"
  | "signature-key"
  | "signature-input"
  | "labels"
  | "coverage"
  | "created"
  | "token"
  | "key"
  | "signature"
  | "replay"
  | "content-digest"
  | "requirement";

export interface Check {
  readonly name: CheckName;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why, in one sentence without secrets. Always present when the verdict is `failed`. */
  readonly reason?: string;
}

/** Where the verification key came from. */
export type KeySource = "header" | "discovery" | "discovery-cache" | "auth-token" | "agent-token";

export interface VerificationReport {
  readonly checks: readonly Check[];
  readonly scheme?: string;
  readonly label?: string;
  readonly coveredComponents?: readonly string[];
  /** Unix seconds. */
  readonly created?: number;
  /** The signature base as rebuilt from the message; contains the whole `signature-key` value, so cut it before it is stored. */
  readonly signatureBase?: string;
  readonly keySource?: KeySource;
  readonly thumbprint?: string;
}

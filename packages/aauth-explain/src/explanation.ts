/**
 * Result of `explainMessage`: data for a terminal, a page or a trace. It makes no decision.
 *
 * @module
 */

import type { AAuthErrorCode, CheckName, KeySource, ProvenCaller } from "aauth";
import type { Edit } from "./edits.ts";

/** A header field as received, with its parsed value. */
export interface ExplainedHeader {
  /** In lower case. */
  readonly name: string;
  /** As received; absent when the message has no such header. */
  readonly value?: string;
  /** The parsed value; absent if it cannot be parsed. */
  readonly parsed?: unknown;
  /** Reason why it cannot be parsed. */
  readonly problem?: string;
}

/** The signature base twice: by `aauth`, and by an independent implementation of RFC 9421. */
export interface ExplainedSignatureBase {
  /** As `aauth` rebuilds it. */
  readonly ours?: string;
  /** As `http-message-signatures` builds it. */
  readonly secondOpinion?: string;
  /** Whether both are the same, byte for byte. */
  readonly agree: boolean;
  /** Number of the first line that differs, from 1; absent when they agree. */
  readonly firstDifferentLine?: number;
  /** Reason why one of them could not be built. */
  readonly problem?: string;
}

/** A response, with the fields that the profile defines. */
export interface ExplainedResponse {
  readonly status: number;
  /** The profile's fields that the response contains. */
  readonly headers: readonly ExplainedHeader[];
}

/** A token found in the message, decoded for reading. */
export interface ExplainedToken {
  /**
   * Name of the field, in lower case; or the member of a body of JSON: `body, resource_token`,
   * `answer, person_token`.
   */
  readonly where: string;
  /** Section of the profile that defines such a token; absent where it has none. */
  readonly section?: string;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly problem?: string;
}

/** One check of the verifier with its verdict and the section that demands it. */
export interface ExplainedCheck {
  readonly name: CheckName;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Reason why it failed or was skipped. */
  readonly reason?: string;
  /** The error code, when it failed. */
  readonly code?: AAuthErrorCode;
  /**
   * Section that demands the check: `profile 2.4` is one of docs/february-2026/profile.md. The same
   * whatever the verdict is.
   */
  readonly section: string;
}

/** The remedy, as far as the message shows it. */
export interface Remedy {
  /**
   * `named`: the message proves the fault. `unknown`: the fault cannot be known from this message.
   */
  readonly state: "named" | "unknown";
  readonly text: string;
  /** The single edit with which the signature verifies. */
  readonly edit?: Edit;
}

/** Names that the message claims; {@link Explanation.caller} has the proven ones. */
export interface ExplainedParties {
  /** Agent, server, or `Signature-Agent`; else the key. Absent for an unsigned message. */
  readonly signer?: string;
  /** Issuer of the token in `Signature-Key`. */
  readonly issuer?: string;
  /** Authority that the request is for. */
  readonly receiver: string;
}

/** Explains a message: its parts, its checks and the verdict. */
export interface Explanation {
  /**
   * Name of the wire profile that it is judged by; `web-bot-auth` or `rfc-9421` for a message that
   * is not AAuth.
   */
  readonly profile: string;
  /**
   * Verdict of a verifier with the same options. `undecided` where the record is cut or a key is
   * not given: a verifier that has them may accept the message.
   */
  readonly verdict: "accepted" | "refused" | "undecided";
  /** Signer, request, receiver and verdict in one plain sentence. */
  readonly sentence: string;
  /** The change with which the message is accepted; absent for an accepted one. */
  readonly remedy?: Remedy;
  readonly parties: ExplainedParties;
  /** Error code of the refusal. */
  readonly code?: AAuthErrorCode;
  /** Message of the error, for the reader of the explanation and not for the sender. */
  readonly reason?: string;
  /** The proven caller of an accepted message. */
  readonly caller?: ProvenCaller;
  /** The message without headers. */
  readonly request: {
    readonly method: string;
    readonly authority: string;
    /** Path and query as on the request line. */
    readonly target: string;
    readonly bodyBytes: number;
  };
  /** Header fields of the signature, and the digest. */
  readonly headers: readonly ExplainedHeader[];
  /** The signed bytes. */
  readonly signatureBase: ExplainedSignatureBase;
  /** The key that the message names. */
  readonly key?: {
    readonly thumbprint?: string;
    readonly source?: KeySource;
    /** Reason why no key was found for the second opinion. */
    readonly problem?: string;
  };
  /**
   * Whether `http-message-signatures` verifies the signature with that key; absent without a key.
   */
  readonly secondOpinion?: { readonly verifies: boolean; readonly reason?: string };
  /** The response, where one is given. */
  readonly response?: ExplainedResponse;
  /** Decoded, not verified: of the request, then of the response. */
  readonly tokens: readonly ExplainedToken[];
  /** In the order in which they are made. */
  readonly checks: readonly ExplainedCheck[];
}

/**
 * Contents of a saved run's file, as data. `saved-run-file.ts` writes and reads the file.
 *
 * @module
 */

/**
 * A saved run, with all data for its sequence diagram. Everything in it is a claim of the file's
 * maker, except what {@link SavedEvidence} proves.
 */
export interface SavedRun {
  readonly format: "aauth-saved-run";
  readonly version: 2;
  readonly requestId: string;
  readonly protocol: SavedProtocol;
  /** Unix seconds. */
  readonly savedAt: number;
  /** Columns of the picture, from left to right. */
  readonly parties: readonly { readonly id: string; readonly name: string }[];
  /** In the order they were sent. */
  readonly messages: readonly SavedMessage[];
  /** Attacks on the run, in the order in which they are shown. */
  readonly attacks: readonly SavedAttack[];
}

/** Protocol of the run, for display. */
export interface SavedProtocol {
  /** Version of AAuth: `draft -11`. */
  readonly version: string;
  /** Mode of the demo; absent where it is not known. */
  readonly mode?: string;
}

/** An attack on a run, really sent. */
export interface SavedAttack {
  readonly title: string;
  /** Describes the change to the request. */
  readonly what: string;
  /** The attack on AAuth: the message that was sent last. */
  readonly aauth: SavedMessage;
  /** The attack on a service that takes bearer tokens, as recorded. */
  readonly bearer?: SavedBearerSide;
}

/** Outcome of an attack on a service that takes bearer tokens. */
export interface SavedBearerSide {
  readonly status: number;
  /** A few words. */
  readonly outcome: string;
  /** In the order they were sent; the last one is the attack. */
  readonly exchanges: readonly SavedExchange[];
}

/** A request and its response, as recorded. */
export interface SavedExchange {
  readonly sender: string;
  readonly request: SavedHttp;
  readonly response: SavedHttp;
}

/** One request and what was recorded about it. */
export interface SavedMessage {
  /** Ids of {@link SavedRun.parties}. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds since the run began. */
  readonly startMs: number;
  /** A few words: what is asked. */
  readonly what: string;
  /** A sentence, as recorded. */
  readonly sentence: string;
  /** As recorded: `accepted`, `challenged`, `refused`, … */
  readonly outcome: string;
  readonly status?: number;
  /** Questions and answers about the message, as recorded. */
  readonly facts: readonly SavedFact[];
  /** The verifiers' checks, as recorded. */
  readonly checks: readonly SavedCheck[];
  /** As recorded, with values cut; absent where {@link evidence} has it whole. */
  readonly request?: SavedHttp;
  readonly response?: SavedHttp;
  /** The whole request, which is verified again. */
  readonly evidence?: SavedEvidence;
}

/** A name with a value, both as text. */
export interface SavedFact {
  readonly name: string;
  readonly value: string;
}

/** A check of a verifier, as recorded. */
export interface SavedCheck {
  readonly party: string;
  readonly name: string;
  readonly verdict: string;
  readonly reason?: string;
}

/** Start line, header lines and body, as shown. */
export interface SavedHttp {
  readonly start: string;
  readonly headers: readonly SavedFact[];
  readonly body?: string;
}

/** A signed request as it was sent, and the published keys that verifying it takes. */
export interface SavedEvidence {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** Kind of endpoint that it was sent to: `resource` or `token`. */
  readonly endpoint: string;
  /** Those that are covered or belong to the signature. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
  /** Public keys by the identifier of the party that publishes them. */
  readonly keys: readonly SavedKey[];
}

/** A public key of a party, as a JWK. */
export interface SavedKey {
  readonly id: string;
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** Reason why a file cannot be read as a saved run. */
export type SavedRunCode =
  | "not_a_saved_run"
  | "saved_run_too_large"
  | "saved_run_damaged"
  | "saved_run_version";

/** The file cannot be read; nothing in it was verified. */
export class SavedRunError extends Error {
  override readonly name = "SavedRunError";
  readonly code: SavedRunCode;

  constructor(code: SavedRunCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Largest size of the file, in bytes. */
export const MAX_SAVED_RUN_BYTES = 500_000;
/** Largest size of the decompressed data, in bytes: a small file could become arbitrarily large. */
export const MAX_DATA_BYTES = 8_000_000;
export const MAX_MESSAGES = 500;
export const MAX_ATTACKS = 100;

export const tooLarge = () =>
  new SavedRunError(
    "saved_run_too_large",
    `a saved run has at most ${MAX_MESSAGES} messages, ${MAX_ATTACKS} attacks and ${MAX_SAVED_RUN_BYTES / 1000} kB, and ${MAX_DATA_BYTES / 1_000_000} MB decompressed`,
  );

export const damaged = (why: string) =>
  new SavedRunError("saved_run_damaged", `the saved run is damaged: ${why}`);

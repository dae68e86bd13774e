import type { HeaderFields, WireProfile } from "aauth";

/** A request to be explained, as it was sent or recorded. */
export interface MessageToExplain {
  /** As on the request line. */
  readonly method: string;
  /** Absolute: its authority is taken for the one the receiver is configured with. */
  readonly url: string;
  /** In whatever case the names were recorded. */
  readonly headers: HeaderFields;
  /** The bytes, as they came. Default: none. */
  readonly body?: Uint8Array | undefined;
  /** The answer, to be shown beside it; it is not judged. Default: unknown. */
  readonly response?:
    | { readonly status: number; readonly headers: HeaderFields; readonly body?: Uint8Array | undefined }
    | undefined;
}

/** The dialects that a message may be of; one of no known shape is taken for one of the first. */
export type KnownProfiles = readonly [WireProfile, ...WireProfile[]];

/**
 * Metadata documents as tables of their members: read with suspicion after fetching, and built for
 * publishing.
 *
 * @module
 */

import { type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { isObject, type Shape } from "../shapes.ts";
import type { PartyDocument } from "./discovery.ts";

/** One member of a document. */
interface MemberRule {
  readonly is: Shape;
  /**
   * A required or optional member of the wrong shape makes the document unusable: following it
   * would lead elsewhere. One that only describes is dropped: a mistake in it does not make the
   * party unreachable.
   */
  readonly presence: "required" | "optional" | "descriptive";
}

export const required = (is: Shape): MemberRule => ({ is, presence: "required" });
export const optional = (is: Shape): MemberRule => ({ is, presence: "optional" });
export const descriptive = (is: Shape): MemberRule => ({ is, presence: "descriptive" });

/** A document and its members, in the order in which they are read and published. */
interface DocumentTable<Document extends PartyDocument, Identity extends keyof Document & string> {
  /** Member that names the party. */
  readonly identity: Identity;
  isIdentifier(value: string): boolean;
  /** Completes "must be …" for the owner of an identifier that is not one. */
  readonly identifierForm: string;
  /** Code for a document that names no party. */
  readonly unnamed: AAuthErrorCode;
  /** Path of the key set that a document of one's own names. Default: it has to be given. */
  readonly keysPath?: string;
  readonly members: { readonly [Name in Exclude<keyof Document, Identity>]-?: MemberRule };
}

/** The two uses of a table. */
export interface DocumentCodec<Document extends PartyDocument> {
  /**
   * Reads a fetched document. The party that it names has to be `id`, byte by byte. Members that
   * the table does not have are dropped.
   *
   * @throws AAuthVerificationError `metadata_mismatch` where it names another party; the table's
   *   code where it names none; `discovery_failed` for a required member that is missing, and for a
   *   member of the wrong shape
   */
  read(document: unknown, id: string): Document;
  /**
   * Builds a document of one's own.
   *
   * @throws TypeError for an identifier that is not one, and for members that are missing, unknown
   *   or of the wrong shape
   */
  build(members: WithDefaultKeys<Document>): Document;
}

/** Members of a document, of which `jwks_uri` has a default. */
export type WithDefaultKeys<Document extends PartyDocument> = Omit<Document, "jwks_uri"> & {
  /** Default `{identifier}/jwks.json`. */
  readonly jwks_uri?: string;
};

/** Makes reader and builder of a document. */
export function documentOf<Document extends PartyDocument, Identity extends keyof Document & string>(
  table: DocumentTable<Document, Identity>,
): DocumentCodec<Document> {
  const { identity, keysPath } = table;
  const rules = Object.entries<MemberRule>(table.members);

  function read(document: unknown, id: string): Document {
    if (!isObject(document)) throw failed("the document is not a JSON object");
    requireIdentity(document, id, table);
    const members: Record<string, unknown> = { [identity]: id };
    for (const [name, { is, presence }] of rules) {
      const value = document[name] ?? undefined;
      if (is(value)) members[name] = value;
      else if (presence === "required") throw failed(`${name} is missing or has the wrong shape`);
      else if (presence === "optional" && value !== undefined) throw failed(`${name} has the wrong shape`);
    }
    return members as Document;
  }

  function build(given: WithDefaultKeys<Document>): Document {
    const { [identity]: id } = given as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || !table.isIdentifier(id)) {
      throw new TypeError(`${identity} must be ${table.identifierForm}`);
    }
    const keys = keysPath !== undefined && { jwks_uri: id + keysPath };
    let document: Document;
    try {
      document = read({ ...keys, ...given }, id);
    } catch (error) {
      throw new TypeError(error instanceof Error ? error.message : "wrong metadata", { cause: error });
    }
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined && !Object.hasOwn(document, name)) {
        throw new TypeError(`${name} is unknown or has the wrong shape`);
      }
    }
    return document;
  }

  return { read, build };
}

function requireIdentity(
  document: Readonly<Record<string, unknown>>,
  id: string,
  { identity, unnamed }: { readonly identity: string; readonly unnamed: AAuthErrorCode },
): void {
  const found = document[identity] ?? undefined;
  if (found === id) return;
  if (found === undefined) {
    throw new AAuthVerificationError(unnamed, `the document names no ${identity}`, { claim: identity });
  }
  const shown = typeof found === "string" ? found.slice(0, 200).replace(/[^\x20-\x7e]/g, "?") : "no string";
  throw new AAuthVerificationError(
    "metadata_mismatch",
    `the document's ${identity} is not the identity asked for: found ${shown}, expected ${id}`,
    { claim: identity },
  );
}

const failed = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("discovery_failed", reason);

/**
 * Metadata documents as tables of their members, validated after fetching and built for publishing.
 *
 * @module
 */

import { type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { isObject, type Shape } from "../json-guards.ts";
import { malformedIdentifier } from "./checked-options.ts";
import type { PartyDocument } from "./discovery.ts";

/** One member of a document. */
interface MemberRule {
  readonly is: Shape;
  /**
   * A required or optional member of the wrong shape makes the document invalid, because it could
   * lead to the wrong place. A descriptive one is dropped, so that a mistake in it does not make
   * the party unreachable.
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
  /** Error code for a document that names no party. */
  readonly unnamed: AAuthErrorCode;
  /** Default path of the key set in a new document. Without it, `jwks_uri` is required. */
  readonly keysPath?: string;
  readonly members: { readonly [Name in Exclude<keyof Document, Identity>]-?: MemberRule };
}

/** Reader and builder of a document. */
export interface DocumentCodec<Document extends PartyDocument> {
  /**
   * Reads a fetched document, which must name exactly `id`. Drops unknown members.
   *
   * @throws AAuthVerificationError `metadata_mismatch` if it names another party; the table's code
   *   if it names none; `discovery_failed` for a missing required member, or a member of the wrong
   *   shape
   */
  read(document: unknown, id: string): Document;
  /**
   * Builds a document for publishing.
   *
   * @throws TypeError for an invalid identifier, and for members that are missing, unknown or of
   *   the wrong shape
   */
  build(members: WithDefaultKeys<Document>): Document;
}

/** Members of a document, with a default for `jwks_uri`. */
export type WithDefaultKeys<Document extends PartyDocument> = Omit<Document, "jwks_uri"> & {
  /** Default `{identifier}/jwks.json`. */
  readonly jwks_uri?: string;
};

/** Creates the reader and builder of a document. */
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
      throw malformedIdentifier(identity, id);
    }
    const keys = keysPath !== undefined && { jwks_uri: id + keysPath };
    let document: Document;
    try {
      document = read({ ...keys, ...given }, id);
    } catch (error) {
      throw new TypeError(error instanceof Error ? error.message : "invalid metadata", { cause: error });
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
  const shown = JSON.stringify(found)
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, "?");
  throw new AAuthVerificationError(
    "metadata_mismatch",
    `the document's ${identity} is ${shown}, not the requested ${id}`,
    { claim: identity },
  );
}

const failed = (reason: string): AAuthVerificationError =>
  new AAuthVerificationError("discovery_failed", reason);

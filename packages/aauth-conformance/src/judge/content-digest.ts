import { createHash } from "node:crypto";
import { FieldError, isInnerList, parseDictionary, writeBareItem } from "./structured-fields.ts";

/** `Content-Digest` of a body (RFC 9530). */
export const contentDigest = (body: string): string =>
  `sha-256=${writeBareItem(createHash("sha256").update(body).digest())}`;

const HASHES: Readonly<Record<string, string>> = { "sha-256": "sha256", "sha-512": "sha512" };

/** Fault of a digest field; undefined if it is that of the body. */
export function digestProblem(field: string, body: string): string | undefined {
  try {
    const known = [...parseDictionary(field)].filter(([name]) => Object.hasOwn(HASHES, name));
    if (known.length === 0) return "it names no known algorithm";
    for (const [name, member] of known) {
      const actual = createHash(HASHES[name]!).update(body).digest();
      if (isInnerList(member) || !(member.value instanceof Uint8Array)) return `${name} is no byte sequence`;
      if (!actual.equals(member.value)) return `${name} is not that of the body`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof FieldError) return error.message;
    throw error;
  }
}

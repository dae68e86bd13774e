import { createHash } from "node:crypto";
import draft11 from "./draft-11.json" with { type: "json" };
import http from "./http.json" with { type: "json" };
import rfc9421 from "./rfc9421.json" with { type: "json" };

/** A clause of the text, in its words. */
export interface Clause {
  readonly section: string;
  readonly quote: string;
  /** SHA-256 of the quote, in hexadecimal: of the text that was read when the row was written. */
  readonly sha256: string;
}

/** Name of a clause: its section and a word. */
export type ClauseName =
  | keyof typeof draft11.clauses
  | keyof typeof rfc9421.clauses
  | keyof typeof http.clauses;

const CLAUSES: Readonly<Record<string, Clause>> = {
  ...draft11.clauses,
  ...rfc9421.clauses,
  ...http.clauses,
};

export const clauseOf = (name: ClauseName): Clause => CLAUSES[name]!;
export const clauseNames = (): readonly ClauseName[] => Object.keys(CLAUSES) as ClauseName[];

/** Text on one line. A line that ends with a hyphen continues without a space. */
const flat = (text: string): string =>
  text
    .replace(/(\w)-\n\s+/g, "$1-")
    .replace(/\s+/g, " ")
    .trim();

/**
 * Clauses that no longer say what was read: whose hash is not that of the quote, or whose quote a
 * text does not have. Their rows are red until they are read again.
 *
 * @param text the draft as plain text; default: hashes alone are compared
 */
export function changedClauses(
  text?: string,
  clauses: Readonly<Record<string, Clause>> = draft11.clauses,
): ReadonlyMap<string, string> {
  const whole = text === undefined ? undefined : flat(text);
  const changed = new Map<string, string>();
  for (const [name, { quote, sha256 }] of Object.entries(clauses)) {
    if (createHash("sha256").update(quote).digest("hex") !== sha256) {
      changed.set(name, "the quote was changed after it was read");
    } else if (whole?.includes(flat(quote)) === false) {
      changed.set(name, "the text no longer has the quote");
    }
  }
  return changed;
}

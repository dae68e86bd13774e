import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A request that an implementation of AAuth accepted. */
export interface KnownHole {
  /** Letter and number, such as `P1`; with a letter at the end for a part of one. */
  readonly id: string;
  /** A letter and a title, such as `P: The Python library`. */
  readonly section: string;
  /** Some plain words, in Markdown. */
  readonly title: string;
  /** What was accepted, or happened, in Markdown. */
  readonly what: string;
  /** Status and codes, or another result, in Markdown. */
  readonly refusal: string;
  /** Files whose tests have the id at the beginning of their titles, from the root. */
  readonly tests: readonly string[];
}

/** Section, file, id, and the three texts. */
type Table = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;

/** All known holes, by section and number. */
export const KNOWN_HOLES: readonly KnownHole[] = readHoles(
  parse(readFileSync(new URL("known-holes.yaml", import.meta.url), "utf8")),
);

function readHoles(table: Table): KnownHole[] {
  return Object.entries(table).flatMap(([section, files]) => {
    const holes = new Map<string, KnownHole>();
    for (const [file, rows] of Object.entries(files)) {
      for (const [id, text] of Object.entries(rows)) {
        const [title = "", what = "", refusal = ""] = text.split(" | ");
        const tests = [...(holes.get(id)?.tests ?? []), file];
        holes.set(id, { id, section, title, what, refusal, tests });
      }
    }
    return [...holes.values()].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  });
}

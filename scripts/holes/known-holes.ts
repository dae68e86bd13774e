import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ATTACKS } from "backend-api";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { listedFiles } from "../listed-files.ts";

/** A request that an implementation of AAuth accepted. */
export interface KnownHole {
  /** Letter and number, such as `P1`; with a letter at the end for a part of one. */
  readonly id: string;
  /** Some plain words, in Markdown. */
  readonly title: string;
}

const PAGE = "docs/reference/known-holes.md";
const ROW = /^- (?:\[)?([A-Z]\d+[a-z]?)(?:\]\(.*?\))? (.+?)(?: \(attacks? .*\))?$/gm;
const TESTS = /(?:\.test|-suite|\/identities)\.ts$/;
/** Beginning of a test's title, such as `P7, D10: `. */
const IDS_OF_TITLE = /["'`]((?:[A-Z]\d+[a-z]?, )*[A-Z]\d+[a-z]?): /g;

/** The rows of the page, which is the only list of them. */
export const KNOWN_HOLES: readonly KnownHole[] = rowsOf(readFileSync(join(REPOSITORY_ROOT, PAGE), "utf8"));

/**
 * Files of the tests whose titles begin with an id, by id; tests of packages and services first.
 */
export const testsById: ReadonlyMap<string, readonly string[]> = readTitles();

/** The page, each row with the links to its first test and its attacks. */
export function knownHolesPage(page: string): string {
  return page.replace(ROW, (_, id: string, title: string) => {
    const attacks = Object.entries(ATTACKS).flatMap(([name, { hole }]) => (hole === id ? [name] : []));
    const shown = attacks.length === 0 ? "" : ` (attack ${attacks.join(", ")})`;
    return `- [${id}](../../${testsById.get(id)?.[0]}) ${title}${shown}`;
  });
}

function rowsOf(page: string): readonly KnownHole[] {
  return [...page.matchAll(ROW)].map(([, id = "", title = ""]) => ({ id, title }));
}

function readTitles(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, Set<string>>();
  for (const file of listedFiles(REPOSITORY_ROOT).filter((name) => TESTS.test(name))) {
    const text = readFileSync(join(REPOSITORY_ROOT, file), "utf8");
    for (const [, ids = ""] of text.matchAll(IDS_OF_TITLE))
      for (const id of ids.split(", ")) files.set(id, (files.get(id) ?? new Set()).add(file));
  }
  return new Map([...files].map(([id, names]) => [id, [...names]]));
}

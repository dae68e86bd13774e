import type { Result } from "./check.ts";

/** Failures that are known, by id, with the reason why they are. */
export type Expected = ReadonlyMap<string, string>;

const LINE = /^([A-Z]{2}-[A-Za-z0-9.-]+):\s*(\S.*)$/;

/**
 * Reads a file of lines `ID: reason`, which is YAML. Empty lines and comments are skipped.
 *
 * @throws TypeError for any other line
 */
export function readExpected(text: string): Expected {
  const expected = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const [, id = "", reason = ""] = LINE.exec(line) ?? [];
    if (id === "") throw new TypeError(`line ${index + 1}: expected "ID: reason"`);
    if (expected.has(id)) throw new TypeError(`line ${index + 1}: ${id} is there twice`);
    expected.set(id, reason);
  }
  return expected;
}

/** What makes a run fail: unexpected results, and entries that no longer hold. */
export function problemsOf(results: readonly Result[], expected: Expected): readonly string[] {
  const bad = results.filter(({ verdict }) => verdict === "failed" || verdict === "inconclusive");
  const ids = new Set(bad.map(({ id }) => id));
  return [
    ...bad.filter(({ id }) => !expected.has(id)).map(({ id, verdict }) => `${id} ${verdict}`),
    ...[...expected.keys()]
      .filter((id) => !ids.has(id))
      .map((id) => `${id} is expected to fail, and does not`),
  ];
}

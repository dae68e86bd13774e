import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { changedClauses, clauseNames, clauseOf } from "../src/manifest/clauses.ts";
import { ALL_ROWS } from "../src/roles/all.ts";
import { checksOf, pairOf } from "../src/suite/rows.ts";

const SECTION = /^(?:RFC \d{4}, )?\d+(?:\.\d+)*$/;

describe("the manifest of clauses", () => {
  test("has the hash of each quote", () => {
    expect([...changedClauses()]).toEqual([]);
  });

  test("turns rows red whose quote was changed, until it is read again", () => {
    const clause = clauseOf("11.3.4/missing");
    const changed = { "11.3.4/missing": { ...clause, quote: clause.quote.replace("invalid", "another") } };
    expect([...changedClauses(undefined, changed).keys()]).toEqual(["11.3.4/missing"]);
  });

  test("turns rows red whose quote a new text no longer has", () => {
    const text = clauseNames()
      .map((name) => clauseOf(name).quote)
      .join("\n");
    expect(changedClauses(text).size).toBe(0);
    const { quote } = clauseOf("11.3.4/missing");
    expect([...changedClauses(text.replaceAll(quote, "")).keys()]).toEqual(["11.3.4/missing"]);
    // A line of the text may end anywhere, also after a hyphen.
    expect(changedClauses(text.replaceAll(" ", "\n   ").replaceAll("aa-", "aa-\n   ")).size).toBe(0);
  });

  test("is used whole, and by rows with ids of their own", () => {
    const ids = ALL_ROWS.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const { id, section, quote } of ALL_ROWS) {
      expect(section, id).toMatch(SECTION);
      expect(quote.length, id).toBeGreaterThan(10);
    }
    const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => readFileSync(new URL(`../src/${path}`, import.meta.url), "utf8"))
      .join("\n");
    expect(clauseNames().filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
  });

  test("gives a check section and quote of its clause", () => {
    const { refuses } = pairOf();
    const [check] = checksOf("resource", [refuses("0-01", "11.3.4/missing", "is an example", () => false)]);
    expect(check).toMatchObject({ id: "RS-0-01", section: "11.3.4", level: "must", needs: [] });
    expect(check?.quote).toBe("If any are missing, return invalid_signature.");
  });
});

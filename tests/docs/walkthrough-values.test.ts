/** The comparison of the walk-through's pages sees what it is there for. */
import { expect, test } from "vitest";
import { fillLines } from "../support/walkthrough-lines.ts";
import { canonical, strangeThumbprints } from "../support/walkthrough-values.ts";

// The key and thumbprint of RFC 8037, appendix A.2 and A.3, and another key with its own.
const X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const OTHER_X = "2CusHvL6afQZrtviF-opCnfhTBSRVgk1aG2Rsjdcg3k";
const OTHER_THUMBPRINT = "CK6_7Hny071MMvgl051-CmnQjPzeGffvI8_hqDcjhQM";

const run = (x: string, y: string, first: string, second: string) =>
  `"x": "${x}" "x": "${y}" thumbprint=${first} thumbprint=${second}`;
const shown = run(X, OTHER_X, THUMBPRINT, OTHER_THUMBPRINT);

test("the same run with other keys is the same", () => {
  expect(canonical(run(OTHER_X, X, OTHER_THUMBPRINT, THUMBPRINT))).toBe(canonical(shown));
});

test.each([
  ["thumbprints that have changed places", run(X, OTHER_X, OTHER_THUMBPRINT, THUMBPRINT)],
  ["one thumbprint twice", run(X, OTHER_X, THUMBPRINT, THUMBPRINT)],
  ["a key for its thumbprint", run(X, OTHER_X, X, OTHER_THUMBPRINT)],
  ["one key twice", run(X, X, THUMBPRINT, OTHER_THUMBPRINT)],
])("%s is another run", (_what, text) => {
  expect(canonical(text)).not.toBe(canonical(shown));
});

test("a thumbprint of no key of the page is strange", () => {
  expect(strangeThumbprints(shown)).toEqual([]);
  expect(strangeThumbprints(`"x": "${X}" thumbprint=${OTHER_THUMBPRINT}`)).toEqual([OTHER_THUMBPRINT]);
  expect(strangeThumbprints(`"x": "${X}" "agent_jkt": "${X}"`)).toEqual([X]);
});

test("a shown line takes its values from the log, keeps what is left out, and must come after the one before", () => {
  const fill = fillLines(`a | one jkt=${X} run=1 end\na | two\nb | one`);
  expect(fill(`a | one jkt=${OTHER_X} … end`)).toBe(`a | one jkt=${X} … end`);
  expect(fill("a | one …")).toBeUndefined();
  expect(fill("a | two")).toBe("a | two");
  expect(fill("b | one")).toBe("b | one");
  expect(fill("b | other")).toBeUndefined();
});

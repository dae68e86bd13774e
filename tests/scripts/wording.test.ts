import { expect, test } from "vitest";
import { commentProblems, titleProblems, wrapComments } from "../../scripts/wording.ts";

const WORDS = "word ".repeat(30).trim();
const problemsOf = (source: string) => commentProblems("a.ts", source);

test.each([
  ["on a line", `// ${WORDS}`],
  ["of a declaration", `  /** ${WORDS} */`],
  ["over several lines", `/**\n * Short.\n * ${WORDS}\n */`],
  ["of a style sheet", `/* ${WORDS} */`],
  ["after a tag", `/**\n * Short.\n *\n * @throws ${WORDS}\n */`],
])("a comment %s ends at column 100, and is wrapped there", (_, source) => {
  expect(problemsOf(source)).toEqual([expect.stringMatching(/^a\.ts:\d: comment of 1\d\d columns$/)]);
  const wrapped = wrapComments(source);
  expect(problemsOf(wrapped)).toEqual([]);
  expect(wrapped.match(/word/g)).toHaveLength(30);
  expect(wrapComments(wrapped)).toBe(wrapped);
});

test.each([
  ["code", `const text = "${WORDS}";`],
  ["a string that looks like a comment", `const text = "// ${WORDS}";`],
  ["a template", `const text = \`\n// ${WORDS}\n\`;`],
  ["a template after an expression", `const text = \`\${{ a: \`\${b}\` }}\n/* ${WORDS} */\n\`;`],
  ["a suppression", `// biome-ignore lint/a: ${WORDS}`],
  ["an address", `// https://example.com/${"a".repeat(100)}`],
  ["an example", `/**\n * Short.\n *\n * @example\n * ${WORDS}\n */`],
  ["a table", `/**\n * | ${WORDS} |\n */`],
])("%s may be longer, and is not wrapped", (_, source) => {
  expect(problemsOf(source)).toEqual([]);
  expect(wrapComments(source)).toBe(source);
});

test.each([
  ["a template", `const text = \`\${{ a: \`\${b}\` }}\`;`],
  ["a string with a backtick", 'const text = "`";'],
  ["an expression with a backtick", "const text = line.match(/[`/]`/);"],
  ["a comment with a backtick", "// Ends with `."],
  ["a division and a word with an apostrophe", "const text = a / b / <p>it's {c}</p>;"],
])("a comment after %s is wrapped", (_, code) => {
  expect(problemsOf(`${code}\n\n// ${WORDS}`)).toHaveLength(1);
});

test("wrapping keeps paragraphs, items, code and the marks of checks", () => {
  const source = `  /**
   * First ${WORDS}
   * paragraph.
   *
   * - item ${"item ".repeat(17)}\`some code\`
   * - second
   */
  // ${WORDS}
  // hole T7`;
  expect(wrapComments(source).split("\n")).toEqual([
    "  /**",
    `   * First ${"word ".repeat(18).trim()}`,
    `   * ${"word ".repeat(12)}paragraph.`,
    "   *",
    `   * - item ${"item ".repeat(17).trim()}`,
    "   *   `some code`",
    "   * - second",
    "   */",
    `  // ${"word ".repeat(19).trim()}`,
    `  // ${"word ".repeat(11).trim()}`,
    "  // hole T7",
  ]);
});

test.each(["/** Of the request. */", "// That of the caller.", "/**\n * Those of a server.\n */"])(
  "a comment begins with a noun: %j",
  (source) => {
    expect(problemsOf(source)).toEqual([expect.stringContaining("comment that begins with")]);
    expect(problemsOf(source.replace(/Of|Th\w+ of/, "Name of"))).toEqual([]);
  },
);

test.each([
  ["alone", 'test("expired", () => {});', 1],
  ["of three words", 'test("rejects expired tokens", () => {});', 0],
  ["in a group", 'describe("an expired token", () => {\n  test("is refused", () => {});\n});', 0],
  ["after a group", 'describe("an expired token", () => {});\ntest("is refused", () => {});', 1],
  ["of a table", 'test.each([\n  ["a"],\n])("reads %j", () => {});', 1],
  ["that a table holds", 'test.each([\n  ["a whole title"],\n])("%s", () => {});', 0],
  ["with a named function", 'test("expired", isRefused);\ntest.each(rows)("%j", isRefused);', 2],
  ["in two strings", 'test("ex" + "pired", () => {});\ntest("is expired " + reason, () => {});', 1],
  ["on a line of its own", 'test.each(rows)(\n  "%s: %s",\n  async () => {},\n);', 1],
])("the title of a test has three words, %s", (_, source, problems) => {
  expect(titleProblems("a.test.ts", source)).toHaveLength(problems);
});

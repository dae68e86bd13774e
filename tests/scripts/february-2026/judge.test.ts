import { expect, test } from "vitest";
import { withoutDialect } from "../../../scripts/february-2026/judge.ts";

const IMPORTS = `import { a } from "./a.ts";
import { type Kind, february as own } from "./february-2026/own.ts";
`;

test.each([
  ["a table", '  "february-2026": own,\n', ""],
  ["a table with another key", "  mode: own,\n", ""],
  ["a list", "const ALL = [a, own];\n", "const ALL = [a];\n"],
  ["a list that it begins", "const ALL = [own, a];\n", "const ALL = [a];\n"],
  ["the list of profiles", '  "february-2026", // the default\n', ""],
  ["a list of programs", '  route: "february-2026/route",\n', ""],
])("an import and a row of %s are its registration", (_, row, rest) => {
  const registered = IMPORTS.replace("type Kind, ", "") + row;
  expect(withoutDialect(registered)).toEqual({ source: `import { a } from "./a.ts";\n${rest}`, left: [] });
});

test("each other use of what is imported is named", () => {
  expect(withoutDialect(`${IMPORTS}  own,\nown(a);\n`).left).toEqual(["own"]);
  expect(withoutDialect(`${IMPORTS}const kind: Kind = a;\n`).left).toEqual(["Kind"]);
});

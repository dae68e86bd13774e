import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { addOnProblems, arrowProblems, folderProblems, importsOf, readMap } from "../../scripts/arrows.ts";

const map = readMap(readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8"));

const packages = [
  { folder: "packages/aauth", name: "aauth", dependencies: [] },
  { folder: "packages/agent-kit", name: "agent-kit", dependencies: ["aauth"] },
  { folder: "services/gateway", name: "gateway", dependencies: [] },
  { folder: "services/backend", name: "backend", dependencies: ["aauth"] },
];

const problemsOf = (path: string, ...imports: string[]) => arrowProblems(map, packages, [{ path, imports }]);

test("an import that the table allows, and one that it does not", () => {
  expect(problemsOf("services/backend/src/app.ts", "aauth", "aauth/agent", "zod", "./x.ts")).toEqual([]);
  expect(problemsOf("services/gateway/src/app.ts", "aauth")).toEqual([
    expect.stringContaining("imports aauth"),
  ]);
  expect(problemsOf("services/backend/src/app.ts", "aauth/testing")).toHaveLength(1);
});

test("an allowed import needs a dependency in the manifest", () => {
  expect(problemsOf("services/backend/src/app.ts", "agent-kit/service")).toEqual([
    "services/backend/src/app.ts: imports agent-kit/service, which services/backend/package.json does not name",
  ]);
});

test("a folder with its own row, inside a package that may import more", () => {
  expect(problemsOf("packages/agent-kit/src/protocol-log/x.ts", "aauth", "../service/index.ts")).toEqual([]);
  expect(problemsOf("packages/agent-kit/src/service/x.ts", "../protocol-log/index.ts")).toHaveLength(1);
});

test("a relative import into another package", () => {
  expect(problemsOf("services/gateway/src/app.ts", "../../backend/src/app.ts")).toEqual([
    expect.stringContaining("outside its own package"),
  ]);
});

test.each([
  ["keys/a.ts", "../errors.ts", 0],
  ["resource/a.ts", "../tokens/b.ts", 0],
  ["resource/a.ts", "../agent/b.ts", 1],
  ["keys/a.ts", "../http-signatures/b.ts", 1],
  ["february-2026/a.ts", "../profile/b.ts", 0],
  ["resource/a.ts", "../february-2026/b.ts", 1],
  ["index.ts", "./february-2026/b.ts", 1],
  ["newfolder/a.ts", "../errors.ts", 1],
])("inside aauth: %s imports %s", (path, specifier, count) => {
  expect(problemsOf(`packages/aauth/src/${path}`, specifier)).toHaveLength(count);
});

test("finds every form of import, but not in comments", () => {
  const source = `
    import a from "a";
    import { b,
      bb } from 'b';
    import type { C } from "c";
    import "d";
    export { e } from "e";
    export * from "f";
    const g = await import("g");
    // import h from "h";
    /** import { i } from "i"; */
    const text = 'imported from "j"';
  `;
  expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
});

const LAYOUT = `## 2. Layout
\`\`\`
packages/
  aauth/       the protocol
    src/keys/  keys
  kit/         shared
    src/run/   start
services/      each
  gateway  backend
\`\`\`
### Arrows
\`\`\`
backend ---> aauth, aauth/agent
kit -------> aauth
aauth, kit/run -> nothing of ours
\`\`\`
`;

test("the map is read from the page", () => {
  expect(readMap(LAYOUT)).toEqual({
    folders: [
      "packages",
      "packages/aauth",
      "packages/aauth/src/keys",
      "packages/kit",
      "packages/kit/src/run",
      "services",
      "services/gateway",
      "services/backend",
    ],
    arrows: {
      "packages/kit/src/run": [],
      "services/backend": ["aauth", "aauth/agent"],
      "packages/aauth": [],
      "packages/kit": ["aauth"],
    },
  });
  expect(() => readMap(LAYOUT.replace("backend ---", "nothing-here ---"))).toThrow("no such folder");
});

test("a folder that is not on the map, and one that is on the map alone", () => {
  const map = readMap(LAYOUT);
  expect(folderProblems(map, map.folders)).toEqual([]);
  const found = [...map.folders.slice(0, -1), "packages/new", "packages/aauth/src/new", "tools"];
  expect(folderProblems(map, found)).toEqual([
    "packages/new: not in the layout of docs/architecture.md",
    "packages/aauth/src/new: not in the layout of docs/architecture.md",
    "tools: not in the layout of docs/architecture.md",
    "docs/architecture.md: shows services/backend, which is not there",
  ]);
});

test("the core and the Fastify gate do not name the add-on, which names itself", () => {
  const comment = "// In February 2026 there is none.";
  expect(addOnProblems("packages/aauth/src/types.ts", comment)).toHaveLength(1);
  expect(addOnProblems("packages/fastify-aauth/src/plugin.ts", 'from "aauth/february-2026"')).toHaveLength(1);
  expect(addOnProblems("packages/aauth/src/february-2026/names.ts", comment)).toEqual([]);
  expect(addOnProblems("services/backend/src/app.ts", comment)).toEqual([]);
});

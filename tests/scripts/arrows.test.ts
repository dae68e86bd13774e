import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ARROWS, arrowProblems, importsOf, type Manifest } from "../../scripts/arrows.ts";

const manifests: Manifest[] = [
  { folder: "packages/aauth", name: "aauth", dependencies: ["jose"] },
  { folder: "packages/agent-kit", name: "agent-kit", dependencies: ["aauth"] },
  { folder: "services/gateway", name: "gateway", dependencies: ["agent-kit"] },
  { folder: "services/backend", name: "backend", dependencies: ["agent-kit", "aauth"] },
];

const problemsOf = (path: string, ...imports: string[]) => arrowProblems(manifests, [{ path, imports }]);

test("an edge of the table passes", () => {
  expect(
    problemsOf(
      "services/backend/src/app.ts",
      "aauth",
      "aauth/agent",
      "agent-kit/service",
      "node:fs",
      "zod",
      "./x.ts",
    ),
  ).toEqual([]);
});

test("an import that the table does not allow", () => {
  expect(problemsOf("services/gateway/src/app.ts", "aauth")).toEqual([
    expect.stringContaining("imports aauth"),
  ]);
  expect(problemsOf("packages/agent-kit/src/service/x.ts", "aauth")).toHaveLength(1);
});

test("a subpath that the table does not allow", () => {
  expect(problemsOf("services/backend/src/app.ts", "aauth/testing")).toHaveLength(1);
});

test("an import that the manifest does not name", () => {
  expect(problemsOf("services/backend/src/app.ts", "fastify-aauth")).toEqual([]);
  const more = [
    ...manifests,
    { folder: "packages/fastify-aauth", name: "fastify-aauth", dependencies: ["aauth"] },
  ];
  expect(arrowProblems(more, [{ path: "services/backend/src/app.ts", imports: ["fastify-aauth"] }])).toEqual([
    expect.stringContaining("which the manifest does not name"),
  ]);
});

test("a manifest that depends on what it may not import", () => {
  const wrong = { folder: "services/gateway", name: "gateway", dependencies: ["agent-kit", "aauth"] };
  expect(arrowProblems([manifests[0]!, wrong], [])).toEqual([expect.stringContaining("depends on aauth")]);
});

test("a folder with a row of its own, inside a package that may import more", () => {
  expect(problemsOf("packages/agent-kit/src/a2a/x.ts", "aauth", "../service/index.ts")).toEqual([]);
  expect(problemsOf("packages/agent-kit/src/service/x.ts", "../a2a/index.ts")).toHaveLength(1);
});

test("a relative import into another package", () => {
  expect(problemsOf("services/gateway/src/app.ts", "../../backend/src/app.ts")).toEqual([
    expect.stringContaining("outside its own package"),
  ]);
});

test.each([
  ["keys/a.ts", "../errors.ts", 0],
  ["keys/a.ts", "./b.ts", 0],
  ["resource/a.ts", "../tokens/b.ts", 0],
  ["resource/a.ts", "../agent/b.ts", 1],
  ["agent/a.ts", "../resource/b.ts", 1],
  ["keys/a.ts", "../http-signatures/b.ts", 1],
  ["errors.ts", "./http-signatures/report.ts", 0],
  ["errors.ts", "./keys/a.ts", 1],
  ["errors.ts", "./types.ts", 0],
  ["newfolder/a.ts", "../errors.ts", 1],
])("inside aauth: %s imports %s", (path, specifier, count) => {
  expect(problemsOf(`packages/aauth/src/${path}`, specifier)).toHaveLength(count);
});

test("finds every form of import, and none in a comment", () => {
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

test("the table in docs/architecture.md is the table that is checked", () => {
  const text = readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8");
  const block = /### Arrows.*?```\n(.*?)```/s.exec(text)?.[1] ?? "";
  const rows = [...block.matchAll(/^([\w-]+) -+(?:types-+)?> (.+)$/gm)].map(([, from, to]) => [
    from!,
    to!.split(", ").sort(),
  ]);
  const checked = Object.entries(ARROWS)
    .filter(([, allowed]) => allowed.length > 0)
    .map(([folder, allowed]) => [folder.split("/").at(-1), [...allowed].sort()]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(checked));
});

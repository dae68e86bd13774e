/** The library compared with the vectors, and the vectors with the program that makes them. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AAuthError } from "../../src/errors.ts";
import { vectorFiles } from "./make.ts";
import type { VectorFile } from "./maker/messages.ts";
import { operations } from "./operations.ts";

const folder = new URL("./", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".json"),
);
const suites = files.filter((name) => name.includes("/") && !name.endsWith("documents.json"));

it("are what the program makes, no more and no less", async () => {
  const made = await vectorFiles();
  expect(files.sort()).toEqual([...made.keys()].sort());
  for (const [name, content] of made) expect(read(name) === content, `${name}: run make.ts`).toBe(true);
});

async function verdictOf(run: () => unknown) {
  try {
    return { value: JSON.parse(JSON.stringify(await run())) };
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
    const { verdict = {} } = error as { verdict?: object };
    return { error: { code: error.code, ...verdict } };
  }
}

describe.each(suites)("%s", (name) => {
  const { operation, cases } = JSON.parse(read(name)) as VectorFile;
  const run = operations[name.split("/")[0]!]![operation]!;
  it.each(cases)("$title", async ({ input, expected }) => {
    expect(await verdictOf(() => run(input))).toEqual(expected);
  });
});

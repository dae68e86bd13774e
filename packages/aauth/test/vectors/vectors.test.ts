/** The library compared with the vectors. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AAuthError } from "../../src/errors.ts";
import type { VectorFile } from "./maker/messages.ts";
import { operations } from "./operations.ts";

const folder = new URL("./", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");
const suites = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.includes("/") && name.endsWith(".json") && !name.endsWith("documents.json"),
);

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

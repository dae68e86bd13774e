import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { vectorFiles } from "./make.ts";

const folder = new URL("./", import.meta.url);

it("writes the files of this folder, no more and no less", async () => {
  const made = await vectorFiles();
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(files.filter((name) => name.endsWith(".json")).sort()).toEqual([...made.keys()].sort());
  for (const [name, content] of made) {
    expect(readFileSync(new URL(name, folder), "utf8") === content, `${name}: run make.ts`).toBe(true);
  }
});

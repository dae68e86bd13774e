import { existsSync, readFileSync } from "node:fs";

const folder = new URL("../../../../../../shared/vectors/draft-11/", import.meta.url);

/** Vectors beside the repository. A copy of the repository alone has none, and its tests are skipped. */
export const hasVectors = existsSync(folder);

export function vectors<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Content;
}

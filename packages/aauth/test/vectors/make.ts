/**
 * Writes the vectors: `node packages/aauth/test/vectors/make.ts`. All except the recorded flow are
 * made without the library, each with a verdict from the dialect's text; vectors.test.ts compares
 * the library with them.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { draft11CallerTokens } from "./maker/draft-11-caller-tokens.ts";
import { draft11Flow } from "./maker/draft-11-flow.ts";
import { draft11Grammar } from "./maker/draft-11-grammar.ts";
import { draft11Missions } from "./maker/draft-11-missions.ts";
import { documents } from "./maker/draft-11-parties.ts";
import { draft11Requests } from "./maker/draft-11-requests.ts";
import { draft11Tokens } from "./maker/draft-11-tokens.ts";
import { february2026 } from "./maker/february-2026.ts";
import { keysFile } from "./maker/keys.ts";
import { rfc } from "./maker/rfc.ts";

/** The content of every file, by its name in this folder. */
export async function vectorFiles(): Promise<ReadonlyMap<string, string>> {
  const files = {
    "keys.json": keysFile,
    "draft-11/documents.json": documents,
    ...rfc,
    ...february2026,
    ...draft11Grammar,
    ...draft11Missions,
    ...draft11Requests,
    ...draft11CallerTokens,
    ...draft11Tokens,
    ...(await draft11Flow()),
  };
  return new Map(
    Object.entries(files).map(([name, content]) => [name, `${JSON.stringify(content, null, 1)}\n`]),
  );
}

if (import.meta.main) {
  for (const [name, content] of await vectorFiles()) {
    const file = new URL(name, import.meta.url);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, content);
  }
}

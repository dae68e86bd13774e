import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Credential } from "./credential.ts";

const fileSchema = z.strictObject({ delegates: z.array(z.looseObject({ sub: z.string() })) });

/** Entry of a delegate in the agent server's file. */
export interface EnrolmentEntry {
  readonly sub: string;
  readonly name: string;
  readonly jwk: Credential["publicJwk"];
  readonly url: string;
}

/**
 * Writes a delegate's entry to the agent server's file, replacing its older one. Only the operator
 * can write that file, so a delegate on another machine or under another system user cannot do
 * this.
 */
export async function enrolIn(path: string, entry: EnrolmentEntry): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const others = (await readEntries(path)).filter(({ sub }) => sub !== entry.sub);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify({ delegates: [...others, entry] }, null, 2)}\n`, {
    mode: 0o600,
  });
  // Renames atomically, so that the agent server never reads a partial file.
  await rename(temporary, path);
}

async function readEntries(path: string) {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, "utf8"))).delegates;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Error(`${path} is not a file of delegates`, { cause: error });
  }
}

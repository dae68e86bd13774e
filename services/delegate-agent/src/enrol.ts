import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Credential } from "./credential.ts";

const fileSchema = z.strictObject({ delegates: z.array(z.looseObject({ sub: z.string() })) });

/** What an agent server has to know of a delegate. */
export interface EnrolmentEntry {
  readonly sub: string;
  readonly name: string;
  readonly jwk: Credential["publicJwk"];
  readonly url: string;
}

/**
 * Enters a delegate in the agent server's file, in place of an older entry of its own. Only the
 * operator can write that file: a delegate that runs elsewhere, or as another user of the system,
 * cannot do this.
 */
export async function enrolIn(path: string, entry: EnrolmentEntry): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const others = (await readEntries(path)).filter(({ sub }) => sub !== entry.sub);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify({ delegates: [...others, entry] }, null, 2)}\n`, {
    mode: 0o600,
  });
  // At once, so that the agent server never reads half of it.
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

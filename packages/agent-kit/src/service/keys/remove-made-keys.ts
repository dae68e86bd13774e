import { lstat, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { keySetSchema } from "./kept-jwk.ts";
import { UNFINISHED } from "./key-files.ts";
import { GENERATION } from "./ring-files.ts";

/**
 * Removes the files that services have created in a folder of keys, and the folder if it is then
 * empty. An operator's files remain: PEM files, JWKs and JWK Sets that are not a ring's generation
 * and have no times, and all others.
 *
 * @param folder may be missing
 */
export async function removeMadeKeys(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const name of names) if (await isMade(folder, name)) await rm(join(folder, name));
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}

/** Whether a service has created the file, by its name, or for a secret by its time. */
async function isMade(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name);
  // Links and folders belong to an operator.
  if (!(await lstat(path)).isFile()) return false;
  if (GENERATION.test(name) || UNFINISHED.test(name)) return true;
  if (!name.endsWith(".json")) return false;
  try {
    const { keys } = keySetSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return keys.every(({ jwk, announcedAt }) => jwk.kty === "oct" && announcedAt !== undefined);
  } catch {
    return false;
  }
}

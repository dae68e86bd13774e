import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KeycloakUnavailableError } from "./keycloak-unavailable-error.ts";

const STAMP = "aauth-copied-from";
/** What its owner may change in it. */
const CHANGEABLE = ["version.txt", "{conf,providers,themes}/**/*"];

/**
 * A copy of the user's Keycloak: the provider is installed and built into the copy, with the demo's options; the original is not changed.
 * Made again when it has changed. Without its `data`: the demo has a database of its own.
 *
 * @param options.version of the Keycloak that the provider is built for
 * @throws KeycloakUnavailableError when it is none, or one with another minor version: the provider is built on internal interfaces
 */
export async function copyOfHome(
  named: string,
  options: { version: string; cache: string; log: (line: string) => void },
): Promise<string> {
  const { version, cache, log } = options;
  if (!existsSync(join(named, "bin/kc.sh"))) {
    throw new KeycloakUnavailableError(`KEYCLOAK_HOME is ${named}, but there is no bin/kc.sh in it.`);
  }
  const theirs = await versionOf(named);
  const minor = version.split(".").slice(0, 2).join(".");
  if (!theirs.startsWith(`${minor}.`)) {
    throw new KeycloakUnavailableError(
      `KEYCLOAK_HOME is ${named}, a Keycloak ${theirs}; the provider is built for ${minor}. ` +
        `Name one of those, or none: then Keycloak ${version} is fetched.`,
    );
  }
  const source = await realpath(named);
  const copy = join(cache, `copy-${digest(source).slice(0, 12)}`);
  const state = await stateOf(source);
  if ((await readFile(join(copy, STAMP), "utf8").catch(() => undefined)) === state) return copy;

  log(`Copying the Keycloak ${theirs} in ${named}…`);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "copying-"));
  try {
    const data = join(source, "data");
    await cp(source, folder, { recursive: true, filter: (path) => path !== data });
    await writeFile(join(folder, STAMP), state);
    await rm(copy, { recursive: true, force: true });
    // A second process finds it complete or not at all.
    await rename(folder, copy);
    return copy;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function versionOf(home: string): Promise<string> {
  const text = await readFile(join(home, "version.txt"), "utf8").catch(() => "");
  return /\d+\.\d+\.\d+\S*/.exec(text)?.[0] ?? "of unknown version";
}

async function stateOf(home: string): Promise<string> {
  const files = globSync(CHANGEABLE, { cwd: home }).sort();
  const facts = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(join(home, file));
      return [file, size, mtimeMs];
    }),
  );
  return digest(JSON.stringify(facts));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

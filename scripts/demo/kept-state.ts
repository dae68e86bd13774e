import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { countSqliteEntries } from "aauth-stores/sqlite";
import { removeMadeKeys } from "agent-kit/service";
import { REPOSITORY_ROOT, type StackModes, type StackPorts, stateFolders } from "./stack.ts";

type Ports = Pick<StackPorts, "backend">;
type Profile = Pick<StackModes, "profile">;

/** Whether an earlier start with this profile and backend port has left something to continue. */
export const hasState = (ports: Ports, modes: Profile): boolean =>
  existsSync(REPOSITORY_ROOT + stateFolders(ports, modes).data);

/** Stores whose contents a user sees on the page, with their services. */
const COUNTED = [
  ["run", "backend", "runs"],
  ["open order", "backend", "open requests of orders"],
  ["consent", "backend", "consents"],
] as const;

/**
 * Counts the work that services have left in their files: `3 runs, 1 open order, 2 consents`. Empty
 * if there is none.
 */
export function keptWork(folder: string): string {
  return workIn((service) => countSqliteEntries(`${folder}/${service}.db`));
}

/** Counts the work that replicas have left, once their PostgreSQL runs. */
export async function keptWorkOfReplicas(url: string): Promise<string> {
  const { countPostgresEntries } = await import("aauth-stores/postgres");
  const counts = await countPostgresEntries(url);
  return workIn(() => counts);
}

function workIn(entriesOf: (service: string) => ReadonlyMap<string, number>): string {
  const counts = COUNTED.map(([name, service, store]) => {
    const count = entriesOf(service).get(`records ${service} ${store}`) ?? 0;
    return count === 0 ? "" : `${count} ${name}${count === 1 ? "" : "s"}`;
  });
  return counts.filter(Boolean).join(", ");
}

/** Password of the demo's own PostgreSQL and Valkey, in the folder of keys. */
export const PASSWORD_FILE = "state-password";

/**
 * Removes the state of earlier starts, with its keys. Keys that an operator has put into the folder
 * stay.
 */
export async function removeState(ports: Ports, modes: Profile): Promise<void> {
  const { data, keys } = stateFolders(ports, modes);
  for (const path of [data, `${keys}/${PASSWORD_FILE}`])
    rmSync(REPOSITORY_ROOT + path, { recursive: true, force: true });
  rmSync(postgresFolder(ports, modes), { recursive: true, force: true });
  await removeMadeKeys(REPOSITORY_ROOT + keys);
}

/**
 * Folder of the demo's own PostgreSQL. If the demo runs as root, PostgreSQL runs as another user,
 * which has no access to root's folders, including root's `TMPDIR`.
 */
export function postgresFolder(ports: Ports, modes: Profile): string {
  const isRoot = process.getuid?.() === 0;
  return isRoot
    ? join("/tmp", `aauth-${modes.profile}-${ports.backend}-postgres`)
    : join(REPOSITORY_ROOT, stateFolders(ports, modes).data, "postgres");
}

/** Bytes of the files in a folder. Undefined for a folder that does not exist. */
export function bytesIn(folder: string): number | undefined {
  const path = REPOSITORY_ROOT + folder;
  if (!existsSync(path)) return undefined;
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

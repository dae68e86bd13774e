import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { countSqliteEntries } from "aauth-stores/sqlite";
import { removeMadeKeys, visibleText } from "agent-kit/service";
import { DEMO_DIALECTS } from "./demo-dialect.ts";
import { REPOSITORY_ROOT, type StackModes, type StackPorts, stateFolders } from "./stack.ts";

type Ports = Pick<StackPorts, "backend">;

/**
 * Whether an earlier start in this mode and with this backend port has left something to continue.
 */
export const hasState = (ports: Ports, modes: StackModes): boolean =>
  existsSync(REPOSITORY_ROOT + stateFolders(ports, modes).data);

/** A folder of state belongs to another mode; nothing was started. */
export class OtherModeError extends Error {
  override readonly name = "OtherModeError";
  readonly code = "state_of_other_mode";
}

/**
 * Refuses a folder of state that another mode has marked, for example because it was copied. Takes
 * one without a mark, as earlier versions have left it. A store that the user has named is NOT
 * checked.
 *
 * @throws OtherModeError
 */
export function requireOwnState(ports: Ports, modes: StackModes): void {
  const { folder, file, own } = markOf(ports, modes);
  if (modes.store !== undefined || !existsSync(file)) return;
  const found = readFileSync(file, "utf8").trim();
  if (found === own) return;
  throw new OtherModeError(
    `${folder} keeps the state of ${visibleText(found)}, and this is ${own}. Nothing was started: move the folder away, or start that mode with it.`,
  );
}

/** Marks the folder of state as this mode's, once its services have made it. */
export function markState(ports: Ports, modes: StackModes): void {
  const { file, own } = markOf(ports, modes);
  if (modes.store === undefined && hasState(ports, modes)) writeFileSync(file, `${own}\n`);
}

function markOf(ports: Ports, modes: StackModes) {
  const { data: folder } = stateFolders(ports, modes);
  const own = `${modes.profile} ${DEMO_DIALECTS[modes.profile].modeOf(modes)}`;
  return { folder, file: `${REPOSITORY_ROOT}${folder}/mode`, own };
}

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
export async function removeState(ports: Ports, modes: StackModes): Promise<void> {
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
export function postgresFolder(ports: Ports, modes: StackModes): string {
  const isRoot = process.getuid?.() === 0;
  const { data } = stateFolders(ports, modes);
  return isRoot ? join("/tmp", `aauth-${basename(data)}-postgres`) : join(REPOSITORY_ROOT, data, "postgres");
}

/** Bytes of the files in a folder. Undefined for a folder that does not exist. */
export function bytesIn(folder: string): number | undefined {
  const path = REPOSITORY_ROOT + folder;
  if (!existsSync(path)) return undefined;
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT, type StackModes, type StackPorts, stateFolders } from "./stack.ts";

type Ports = Pick<StackPorts, "backend">;
type Profile = Pick<StackModes, "profile">;

/** Whether an earlier start with this profile and backend port has left something to continue. */
export const hasState = (ports: Ports, modes: Profile): boolean =>
  existsSync(REPOSITORY_ROOT + stateFolders(ports, modes).data);

/** Removes what earlier starts have kept: state, and the keys that it belongs to. */
export function removeState(ports: Ports, modes: Profile): void {
  for (const folder of Object.values(stateFolders(ports, modes)))
    rmSync(REPOSITORY_ROOT + folder, { recursive: true, force: true });
}

/** Bytes of the files in a folder. Undefined where there is none. */
export function bytesIn(folder: string): number | undefined {
  const path = REPOSITORY_ROOT + folder;
  if (!existsSync(path)) return undefined;
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

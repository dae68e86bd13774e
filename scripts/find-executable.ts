import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/**
 * The absolute path of a program: a path is resolved from the user's folder, a name is looked up on
 * the PATH.
 */
export function findExecutable(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const isPath = isAbsolute(program) || program.includes("/");
  const candidates = isPath
    ? [resolve(env.INIT_CWD || process.cwd(), program)]
    : (env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Paths of the files of a checkout, from its root, also of those that are not added yet. Without
 * what git ignores.
 */
export function listedFiles(root: string): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  // One that is removed stays in git's list until that is added.
  return paths.filter((path) => existsSync(join(root, path)));
}

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Edit } from "./mutation.ts";

/** A copy of the tree that may be damaged. */
export interface TreeCopy {
  readonly root: string;
  /** Makes the edits and gives back what undoes them. @throws Error when a text is not there exactly once */
  edit(edits: readonly Edit[]): Promise<() => Promise<void>>;
  remove(): void;
}

const LISTED = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/**
 * Copies what git would see of a tree to a temporary folder: edits of the original, under way or not, come along, and nothing is ever
 * written to it. Installed packages are linked; those of the workspace lead to the copy.
 */
export async function copyTree(original: string): Promise<TreeCopy> {
  const root = await mkdtemp(join(tmpdir(), "holes-"));
  const { stdout } = await promisify(execFile)("git", LISTED, { cwd: original, maxBuffer: MAX_LIST_BYTES });
  const files = stdout.split("\0").filter((name) => name !== "");
  for (const name of files) await copyIfThere(join(original, name), join(root, name));
  await linkPackages(original, root);
  const manifests = files.filter((name) => /^(packages|services|ui)\/(.*\/)?package\.json$/.test(name));
  for (const folder of manifests.map((name) => join(dirname(name), "node_modules")))
    await copyIfThere(join(original, folder), join(root, folder));

  return {
    root,
    async edit(edits) {
      const before = new Map<string, string>();
      const undo = async () => {
        for (const [path, text] of before) await writeFile(path, text);
      };
      for (const [name, search, replacement] of edits) {
        const path = join(root, name);
        const text = await readFile(path, "utf8");
        if (text.split(search).length !== 2) {
          await undo();
          throw new Error(`${name} has not exactly once: ${search}`);
        }
        if (!before.has(path)) before.set(path, text);
        await writeFile(
          path,
          text.replace(search, () => replacement),
        );
      }
      return undo;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
  } catch (error) {
    // Removed in the work tree, and not yet in git's list.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** A linked folder as a whole would lead packages of the workspace back to the original. */
async function linkPackages(original: string, root: string): Promise<void> {
  const [from, to] = [join(original, "node_modules"), join(root, "node_modules")];
  await mkdir(to);
  await symlink(join(from, ".pnpm"), join(to, ".pnpm"));
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.name === ".bin" || entry.name.startsWith("@"))
      await cp(source, target, { recursive: true, verbatimSymlinks: true });
  }
}

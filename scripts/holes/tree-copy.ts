import { rmSync } from "node:fs";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listedFiles } from "../listed-files.ts";
import { localProgram, runProgram } from "../run-program.ts";
import type { Edit } from "./marked-checks.ts";

/** A copy of the tree that mutations may change. */
export interface TreeCopy {
  readonly root: string;
  /**
   * Makes the edits and returns what undoes them.
   *
   * @throws Error unless each search string occurs exactly once
   */
  edit(edits: readonly Edit[]): Promise<() => Promise<void>>;
  remove(): void;
}

/**
 * Copies a tree, including uncommitted edits and without git-ignored files, to a temporary folder,
 * and installs its packages from the package manager's store.
 *
 * @throws Error with the package manager's output
 */
export async function copyTree(original: string): Promise<TreeCopy> {
  const root = await mkdtemp(join(tmpdir(), "holes-"));
  const remove = () => rmSync(root, { recursive: true, force: true });
  for (const path of listedFiles(original)) await cp(join(original, path), join(root, path));
  try {
    await installPackages(root, "--frozen-lockfile");
    await commitAll(root);
  } catch (error) {
    remove();
    throw error;
  }
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
    remove,
  };
}

/** Environment in which git finds the copy, also when git itself started this process. */
export const GIT_OF_COPY = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined };
/** Settings that replace the user's, which may sign each commit or run hooks. */
const SETTINGS = [
  "user.name=copy",
  "user.email=copy@localhost",
  "commit.gpgsign=false",
  "core.hooksPath=/dev/null",
].flatMap((setting) => ["-c", setting]);

/** Makes a repository of a tree: vitest asks git what has changed. */
export async function commitAll(root: string): Promise<void> {
  const commit = ["commit", "--quiet", "--message", "The tree as it was"];
  for (const args of [["init", "--quiet"], ["add", "--all"], commit]) {
    const { status, output } = await runProgram("git", [...SETTINGS, ...args], {
      output: "caught",
      cwd: root,
      env: GIT_OF_COPY,
    });
    if (status !== 0) throw new Error(`git ${args[0]} failed in the copy:\n${output}`);
  }
}

/**
 * Installs the packages of a tree from the package manager's store.
 *
 * @throws Error with the package manager's output
 */
export async function installPackages(root: string, ...flags: readonly string[]): Promise<void> {
  const args = ["install", "--offline", ...flags];
  const { status, output } = await runProgram(localProgram("pnpm"), args, { output: "caught", cwd: root });
  if (status !== 0) throw new Error(`the packages of the copy could not be installed:\n${output}`);
}

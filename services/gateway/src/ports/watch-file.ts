import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Editors and container mounts write in several steps; what counts is the text once they are through. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` with the file's text whenever it differs from the last one seen. The folder is watched, not the file: most writers
 * replace a file by renaming another onto it. Does not keep the process alive.
 *
 * @returns stops watching
 */
export function watchFile(
  path: string,
  initialText: string,
  onChange: (text: string) => void,
  onProblem: (error: unknown) => void,
): () => void {
  let lastText = initialText;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    try {
      const text = await readFile(path, "utf8");
      if (text === lastText) return;
      lastText = text;
      onChange(text);
    } catch (error) {
      onProblem(error);
    }
  };
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(path), { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), SETTLE_MS);
    });
    watcher.on("error", onProblem);
  } catch (error) {
    onProblem(error);
    return () => {};
  }
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Editors and container mounts write in several steps; what counts is the text once they are through. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` with the file's text whenever it differs from the last one seen. The folder is watched, not the file: most writers
 * replace a file by renaming another onto it. Does not keep the process alive.
 *
 * @param handlers.onUnreadable the file is not there or cannot be read; it is watched all the same
 * @param handlers.onProblem nothing is watched any longer
 * @returns stops watching
 */
export function watchFile(
  path: string,
  initialText: string,
  handlers: {
    onChange: (text: string) => void;
    onUnreadable: (error: unknown) => void;
    onProblem: (error: unknown) => void;
  },
): () => void {
  const { onChange, onUnreadable, onProblem } = handlers;
  let lastText = initialText;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      return onUnreadable(error);
    }
    if (text === lastText) return;
    lastText = text;
    onChange(text);
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

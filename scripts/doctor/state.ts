import { readdirSync } from "node:fs";
import { bytesIn } from "../demo/kept-state.ts";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type Finding, ok } from "./finding.ts";

const KIB = 1024;

/** Folders with the state of earlier starts. */
export function stateFindings(): Finding[] {
  return foldersIn(".data").map((folder) => {
    const size = Math.ceil((bytesIn(folder) ?? 0) / KIB);
    return ok("Kept state", `${folder}: ${size} KiB of runs, grants and used signatures`);
  });
}

function foldersIn(parent: string): string[] {
  try {
    const entries = readdirSync(REPOSITORY_ROOT + parent, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${parent}/${name}`);
  } catch {
    return [];
  }
}

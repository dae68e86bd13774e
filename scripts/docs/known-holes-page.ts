import { KNOWN_HOLES, type KnownHole } from "../holes/known-holes.ts";
import { withTables } from "./table.ts";

/** The page with the list of each section: id with a link to its tests, and title. */
export function knownHolesPage(page: string): string {
  const lists: Record<string, string> = {};
  for (const hole of KNOWN_HOLES) lists[hole.section] = `${lists[hole.section] ?? ""}${lineOf(hole)}\n`;
  return withTables(page, lists);
}

function lineOf({ id, title, tests: [first, ...others] }: KnownHole): string {
  const link = (text: string, file?: string) => `[${text}](../../${file})`;
  return `- ${[link(id, first), ...others.map((file, index) => link(`${index + 2}`, file))].join(", ")} ${title}`;
}

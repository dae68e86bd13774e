/** A Markdown table. Pipes in cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |\n`;
  return [line(head), `|${" --- |".repeat(head.length)}\n`, ...rows.map(line)].join("");
}

/**
 * A page with new lists and tables under its headings; other lines stay.
 *
 * @throws Error for a heading without one
 */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  const missing = new Set(Object.keys(tables));
  const sections = page.split(/^(?=#)/m).map((section) => {
    const heading = /^#+ (.*)/.exec(section)?.[1] ?? "";
    const made = tables[heading];
    const lines = section.split("\n");
    const isMade = (line: string) => /^[|-] ?/.test(line);
    if (made === undefined || !lines.some(isMade)) return section;
    missing.delete(heading);
    lines.splice(
      lines.findIndex(isMade),
      lines.findLastIndex(isMade) + 1 - lines.findIndex(isMade),
      made.trimEnd(),
    );
    return lines.join("\n");
  });
  if (missing.size > 0) throw new Error(`there is no table under ${[...missing].join(", ")}`);
  return sections.join("");
}

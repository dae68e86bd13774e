import type { Setting, Settings } from "./setting.ts";

/** The table that `--help` prints: flag, variable, default, sentence. */
export function settingsHelp(service: string, settings: Settings): string {
  const rows = Object.values(settings).map((declaration) => [
    flagColumn(declaration),
    declaration.env ?? "",
    defaultColumn(declaration),
    declaration.description,
  ]);
  const table = [["FLAG", "VARIABLE", "DEFAULT", "MEANING"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [
    `${service}: settings. A flag beats the variable, the variable beats the default.`,
    "",
    ...lines,
    "",
  ].join("\n");
}

function flagColumn({ flag, shortFlag, schema }: Setting): string {
  if (flag === undefined) return "";
  if (schema.safeParse(undefined).data === true) return `--no-${flag}`;
  return shortFlag === undefined ? `--${flag}` : `-${shortFlag}, --${flag}`;
}

function defaultColumn({ flag, schema, secret }: Setting): string {
  const parsed = schema.safeParse(undefined);
  if (parsed.data === true && flag !== undefined) return "-"; // the flag column shows what turns it off
  if (!parsed.success) return "(required)";
  if (parsed.data === undefined || parsed.data === "") return "-";
  if (secret) return "(hidden)";
  if (Array.isArray(parsed.data)) return parsed.data.length === 0 ? "-" : parsed.data.join(",");
  return typeof parsed.data === "object" ? JSON.stringify(parsed.data) : String(parsed.data);
}

import { ERROR_CODES } from "aauth";
import { table } from "./table.ts";

const SECTION = /(<!-- errors:begin[^>]*-->\n)[\s\S]*?(<!-- errors:end -->)/;

/** A page whose table of codes, between its markers, is that of `packages/aauth`. @throws Error without the markers */
export function withErrorTable(page: string): string {
  if (!SECTION.test(page)) throw new Error("there are no markers errors:begin and errors:end");
  const rows = Object.entries(ERROR_CODES).map(([code, { status, section, meaning }]) => [
    `\`${code}\``,
    String(status),
    section,
    meaning,
  ]);
  const codes = table(["Code", "Status", "Section", "Meaning"], rows);
  return page.replace(SECTION, (_, begin: string, end: string) => begin + codes + end);
}

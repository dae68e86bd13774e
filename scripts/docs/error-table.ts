import { type AAuthErrorCode, ERROR_CODES } from "aauth";
import { ERROR_MEANINGS } from "aauth-explain";
import { table } from "./table.ts";

const SECTION = /(<!-- errors:begin[^>]*-->\n)[\s\S]*?(<!-- errors:end -->)/;

/**
 * A page whose table of codes, between its markers, is that of `aauth` and `aauth-explain`.
 *
 * @throws Error without the markers
 */
export function withErrorTable(page: string): string {
  if (!SECTION.test(page)) throw new Error("there are no markers errors:begin and errors:end");
  const rows = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => {
    const { status, section } = ERROR_CODES[code as AAuthErrorCode];
    return [`\`${code}\``, String(status), section, meaning];
  });
  const codes = table(["Code", "Status", "Section", "Meaning"], rows);
  return page.replace(SECTION, (_, begin: string, end: string) => begin + codes + end);
}

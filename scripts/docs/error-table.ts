import { type AAuthErrorCode, ERROR_CODES } from "aauth";
import { ERROR_MEANINGS } from "aauth-explain";
import { table, withTables } from "./table.ts";

/** A page whose table of the protocol's codes is that of `aauth` and `aauth-explain`. */
export function withErrorTable(page: string): string {
  const rows = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => {
    const { status, section } = ERROR_CODES[code as AAuthErrorCode];
    return [`\`${code}\``, String(status), section, meaning];
  });
  return withTables(page, { "Of the protocol": table(["Code", "Status", "Section", "Meaning"], rows) });
}

import { AAuthError, type AAuthErrorCode, draft11, ERROR_CODES } from "aauth";
import { february2026 } from "aauth/february-2026";
import { ERROR_MEANINGS } from "aauth-explain";
import { table, withTables } from "./table.ts";

/** A page whose table of the protocol's codes is that of `aauth` and `aauth-explain`. */
export function withErrorTable(page: string): string {
  const rows = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => {
    const known = code as AAuthErrorCode;
    const { section: rfc } = new AAuthError(known, "");
    const sections = [draft11, february2026].map(({ sectionOf }) => rfc ?? numberOf(sectionOf(known)));
    return [`\`${code}\``, String(ERROR_CODES[known].status), ...sections, meaning];
  });
  const head = ["Code", "Status", "Draft -11", "February", "Meaning"];
  return withTables(page, { "Of the protocol": table(head, rows) });
}

const numberOf = (section: string) => section.replace(/^(?:draft -11, section|profile) /, "");

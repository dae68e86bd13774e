import { AAuthError, type AAuthErrorCode, ERROR_CODES } from "aauth";
import { ERROR_MEANINGS, KNOWN_PROFILES } from "aauth-explain";
import { table, withTables } from "./table.ts";

/** A page whose table of the protocol's codes is that of `aauth` and `aauth-explain`. */
export function withErrorTable(page: string): string {
  const rows = Object.entries(ERROR_MEANINGS).map(([code, meaning]) => {
    const known = code as AAuthErrorCode;
    const { section: rfc } = new AAuthError(known, "");
    const sections = KNOWN_PROFILES.map(({ sectionOf }) => rfc ?? numberOf(sectionOf(known)));
    return [`\`${code}\``, String(ERROR_CODES[known].status), ...sections, meaning];
  });
  const head = ["Code", "Status", "Draft -11", "February", "Meaning"];
  return withTables(page, { "Of the protocol": table(head, rows) });
}

const numberOf = (section: string) => section.replace(/^(?:draft -11, section|profile) /, "");

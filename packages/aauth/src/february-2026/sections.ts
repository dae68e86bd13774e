/** Sections that the errors of February cite: those of the codes themselves. */

import { type AAuthErrorCode, ERROR_CODES } from "../errors.ts";

/** Section of the profile, or of the RFC, for a code. */
export const sectionOf = (code: AAuthErrorCode): string => ERROR_CODES[code].section;

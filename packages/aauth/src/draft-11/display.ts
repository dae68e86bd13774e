import type { DisplayRules } from "../profile/display.ts";
import { parseAccess, parseRequirement, parseSignatureError, parseTokenList } from "./headers.ts";
import {
  AAUTH_ACCESS,
  AAUTH_REQUIREMENT,
  ACCEPT_SIGNATURE_ALG,
  ACCEPT_SIGNATURE_SCHEME,
  SIGNATURE_ERROR,
  TOKEN_TYPES,
} from "./names.ts";

/** Parsers of response fields for display, and the sections that define the tokens. */
export const display: DisplayRules = {
  answerFields: {
    [AAUTH_REQUIREMENT]: parseRequirement,
    [SIGNATURE_ERROR]: parseSignatureError,
    [ACCEPT_SIGNATURE_SCHEME]: parseTokenList,
    [ACCEPT_SIGNATURE_ALG]: parseTokenList,
    // A session token is a secret during its lifetime.
    [AAUTH_ACCESS]: (value) => `a session token of ${parseAccess(value).length} characters`,
  },
  tokenSections: {
    [TOKEN_TYPES.agent]: "draft -11, section 5.3",
    [TOKEN_TYPES.person]: "draft -11, section 7.1",
    [TOKEN_TYPES.resource]: "draft -11, section 6.7",
    [TOKEN_TYPES.auth]: "draft -11, section 9.4",
  },
};

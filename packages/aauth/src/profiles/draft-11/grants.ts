/**
 * Token requests and their answers. Not written yet: every request ends with an error that says so.
 *
 * @module
 */

import { AAuthAgentError } from "../../errors.ts";
import type { GrantRules } from "../wire-profile.ts";

const notYet = (): never => {
  throw new AAuthAgentError("token_request_failed", "token requests of draft -11 are not implemented yet");
};

export const grants: GrantRules = {
  forDemand: notYet,
  refresh: undefined,
  code: undefined,
  own: undefined,
  revoke: undefined,
  offer: undefined,
  read: notYet,
  check: notYet,
  consentUrl: notYet,
};

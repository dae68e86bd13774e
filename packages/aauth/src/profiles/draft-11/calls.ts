/**
 * How an agent meets what a response demands. Not written yet: every call that a response demands something of ends with an error that says so.
 *
 * @module
 */

import { AAuthAgentError } from "../../errors.ts";
import type { CallRules } from "../wire-profile.ts";

const notYet = (): never => {
  throw new AAuthAgentError("challenge_untrusted", "calls of draft -11 are not implemented yet");
};

export const calls: CallRules = {
  returnParameter: "callback",
  readDemand: notYet,
  checkDemand: notYet,
  decide: notYet,
};

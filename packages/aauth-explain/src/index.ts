/**
 * Takes one message apart and says, check by check, why it is or is not accepted. For views, tests and support; it
 * decides nothing.
 *
 * @module
 */

export { ERROR_MEANINGS } from "./error-meanings.ts";
export type { ExplainOptions } from "./explain-message.ts";
export { explainMessage } from "./explain-message.ts";
export type {
  ExplainedCheck,
  ExplainedHeader,
  ExplainedResponse,
  ExplainedSignatureBase,
  ExplainedToken,
  Explanation,
} from "./explanation.ts";
export { independentSignatureBase } from "./independent-signature-base.ts";
export type { KnownProfiles, MessageToExplain } from "./message.ts";
export { profileOf } from "./profile-of.ts";

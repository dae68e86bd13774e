/**
 * Takes one message apart and says, check by check, why it is or is not accepted. For views, tests
 * and support; it decides nothing.
 *
 * @module
 */

export { clockLine, KEY_SOURCES } from "./command/print-explanation.ts";
export type { Edit, EditedPart } from "./edits.ts";
export { ERROR_MEANINGS } from "./error-meanings.ts";
export type { ExplainOptions } from "./explain-message.ts";
export { explainMessage } from "./explain-message.ts";
export type { ExplainedClock, RecordedExplanation, RecordedOptions } from "./explain-recorded.ts";
export { explainRecorded } from "./explain-recorded.ts";
export type {
  ExplainedCheck,
  ExplainedHeader,
  ExplainedParties,
  ExplainedResponse,
  ExplainedSignatureBase,
  ExplainedToken,
  Explanation,
  Remedy,
} from "./explanation.ts";
export { independentSignatureBase } from "./independent-signature-base.ts";
export { KNOWN_PROFILES } from "./known-profiles.ts";
export type { KnownProfiles, MessageToExplain } from "./message.ts";
export { profileOf } from "./profile-of.ts";
export type { RecordedMessage } from "./read/http-parts.ts";
export type { InputCode } from "./read/input-error.ts";
export { InputError, MAX_INPUT_BYTES, textOfInput } from "./read/input-error.ts";
export { readInput } from "./read/read-input.ts";
export { readRefusal, type StatedRefusal } from "./read-refusal.ts";
export type {
  SavedAttack,
  SavedBearerSide,
  SavedCheck,
  SavedEvidence,
  SavedExchange,
  SavedFact,
  SavedHttp,
  SavedKey,
  SavedMessage,
  SavedProtocol,
  SavedRun,
  SavedRunCode,
} from "./saved-run.ts";
export { MAX_SAVED_RUN_BYTES, partyNameIn, SavedRunError } from "./saved-run.ts";
export {
  DATA_ELEMENT_ID,
  fromBase64,
  isPage,
  packRun,
  readSavedRun,
  savedRunPage,
  toBase64,
  unpackRun,
} from "./saved-run-file.ts";
export { signedFields } from "./signed-fields.ts";
export {
  isRefusedAsRecorded,
  issuersIn,
  type ProvenRequest,
  type SavedVerdict,
  type UsedKey,
  verifySavedMessage,
} from "./verify-evidence.ts";

/**
 * Reads a trace as a run of the protocol for display. Works in browsers; verifies nothing.
 *
 * @module
 */

export { isoSeconds, readableClaims, tokenPurpose } from "../claim-meaning.ts";
export { visibleFields, visibleLines, visibleText } from "../visible-text.ts";
export type { Meaning } from "./answer-meaning.ts";
export type { TracedToken } from "./attribute-names.ts";
export { type ByDialect, ofDialect } from "./by-dialect.ts";
export { compareTexts, type TextPart } from "./byte-difference.ts";
export { otherKeyInWords } from "./dialect-answers.ts";
export { interactionUrl } from "./interactions.ts";
export { keySourceInWords } from "./key-answer.ts";
export { afterChecks, isRedirected, messageAnswers } from "./message-answers.ts";
export { type MessageMeaning, messageMeaning, messageSentence } from "./message-words.ts";
export { partyName } from "./parties.ts";
export {
  type HttpMessage,
  type Message,
  OUTCOMES,
  type Outcome,
  type Party,
  type ProtocolRun,
  type SignerSide,
  type UserNames,
  type Verdict,
  type VerifierSide,
  type WaterfallRow,
} from "./protocol-run.ts";
export { readProtocolRun } from "./read-run.ts";
export { shownVerdict } from "./refused-by-answer.ts";
export { readRequirement } from "./requirement-field.ts";
export { sectionLinks } from "./section-link.ts";
export { readSignatureInput, readSignatureKey } from "./signature-fields.ts";
export { type TokenBinding, tokenBinding } from "./token-binding.ts";
export type { Attributes } from "./trace-span.ts";

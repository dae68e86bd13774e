/**
 * A trace read back as a run of the protocol: for a picture of it. Works in a browser; verifies nothing.
 *
 * @module
 */

export type { TracedChallenge, TracedCheck, TracedToken } from "../attribute-names.ts";
export { compareTexts, type TextPart } from "./byte-difference.ts";
export { isoSeconds, type ReadableClaim, readableClaims, tokenPurpose } from "./claim-meaning.ts";
export { interactionUrl } from "./interactions.ts";
export {
  afterChecks,
  type DecisiveCheck,
  decisiveCheck,
  keySourceInWords,
  type MessageAnswers,
  messageAnswers,
  type UserNames,
} from "./message-answers.ts";
export { partyName } from "./parties.ts";
export type {
  HttpMessage,
  Interaction,
  Message,
  Outcome,
  Party,
  ProtocolRun,
  RunEvent,
  SignerSide,
  Verdict,
  VerifierSide,
  WaterfallRow,
} from "./protocol-run.ts";
export { readProtocolRun } from "./read-run.ts";
export { type SectionLink, sectionLinks } from "./section-link.ts";
export {
  type FieldPart,
  type ReadableSignatureInput,
  type ReadableSignatureKey,
  readSignatureInput,
  readSignatureKey,
} from "./signature-fields.ts";
export { type TokenBinding, tokenBinding } from "./token-binding.ts";
export type { Attributes, TraceEvent } from "./trace-span.ts";

/**
 * A wire profile: everything in which one dialect of AAuth differs from another, as one value of
 * two halves. Verifiers and resources take the half of a resource, agents that of an agent; what
 * all dialects share (RFC 9421 base, RFC 9530 digest, replay, JWS, discovery's guard and bounds)
 * asks them. Only its folder knows a dialect's headers, token types, documents and grants.
 *
 * @module
 */

import type { DocumentRules } from "../discovery/discovery.ts";
import type { AnswerRules } from "./answers.ts";
import type { CallRules } from "./calls.ts";
import type { DisplayRules } from "./display.ts";
import type { MessageRules, SigningRules } from "./messages.ts";
import type { ResourceRules } from "./resource-rules.ts";
import type { TokenRequestRules } from "./token-requests.ts";
import type { VerificationRules } from "./verification.ts";

/** What a signer asks of a dialect. */
export interface SigningProfile {
  /** Goes into spans, settings, reports, and the keys of token stores. */
  readonly name: string;
  /** Which identifiers are canonical. */
  readonly documents: Pick<DocumentRules, "isIdentifier">;
  /** Header names, coverage, how the key is named. */
  readonly messages: SigningRules;
}

/**
 * The half of a dialect that verifiers and resources ask.
 *
 * @typeParam Level names of its levels
 */
export interface ResourceProfile<Level extends string = string> extends SigningProfile {
  /** Where parties publish who they are, and identifiers. */
  readonly documents: DocumentRules;
  /** Header names, coverage, keys. */
  readonly messages: MessageRules;
  /** Checks in their order, levels, resolvers. */
  readonly verification: VerificationRules<Level>;
  /** Refusals and challenges. */
  readonly answers: AnswerRules;
  /** What a resource publishes and serves. */
  readonly resource: ResourceRules;
}

/** The half of a dialect that agents ask. */
export interface AgentProfile extends SigningProfile {
  /** Where parties publish who they are, and identifiers. */
  readonly documents: DocumentRules;
  /** How an agent meets what a response requires. */
  readonly calls: CallRules;
  /** Token requests and their answers. */
  readonly tokenRequests: TokenRequestRules;
}

/**
 * One dialect: what it is called, and its rules by what is asked.
 *
 * @typeParam Level names of its levels
 */
export interface WireProfile<Level extends string = string> extends ResourceProfile<Level>, AgentProfile {
  readonly messages: MessageRules;
  /** For people who read messages. Decides nothing. */
  readonly display: DisplayRules;
}

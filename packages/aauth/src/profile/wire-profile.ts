/**
 * A wire profile: all differences between one dialect of AAuth and another, in two halves, one for
 * verifiers and resources and one for agents. The code that dialects share (RFC 9421 base, RFC 9530
 * digest, replay, JWS, discovery) calls it. A dialect's headers, token types, documents and grants
 * are known only in its folder.
 *
 * @module
 */

import type { DocumentRules } from "../discovery/discovery.ts";
import type { SectionOf } from "../errors.ts";
import type { AnswerRules } from "./answers.ts";
import type { CallRules } from "./calls.ts";
import type { DisplayRules } from "./display.ts";
import type { MessageRules, SigningRules } from "./messages.ts";
import type { ResourceRules } from "./resource-rules.ts";
import type { TokenRequestRules } from "./token-requests.ts";
import type { VerificationRules } from "./verification.ts";

/** The part of a dialect that a signer uses. */
export interface SigningProfile {
  /** Used in spans, settings, reports, and the keys of token stores. */
  readonly name: string;
  /** Defines canonical identifiers. */
  readonly documents: Pick<DocumentRules, "isIdentifier">;
  /** Header names, coverage, and the key claim. */
  readonly messages: SigningRules;
}

/** The part of a dialect that errors cite. */
export interface CitedProfile {
  readonly sectionOf: SectionOf;
}

/**
 * The half of a dialect that verifiers and resources use.
 *
 * @typeParam Level names of its levels
 */
export interface ResourceProfile<Level extends string = string> extends SigningProfile, CitedProfile {
  /** Metadata documents and identifiers. */
  readonly documents: DocumentRules;
  /** Header names, coverage, keys. */
  readonly messages: MessageRules;
  /** Checks in order, levels, and resolvers. */
  readonly verification: VerificationRules<Level>;
  /** Refusals and challenges. */
  readonly answers: AnswerRules;
  /** Documents and endpoints of a resource. */
  readonly resource: ResourceRules;
}

/** The half of a dialect that agents use. */
export interface AgentProfile extends SigningProfile, CitedProfile {
  /** Metadata documents and identifiers. */
  readonly documents: DocumentRules;
  /** Reactions of an agent to the requirements of a response. */
  readonly calls: CallRules;
  /** Token requests and their responses. */
  readonly tokenRequests: TokenRequestRules;
  /** Signing of messages to servers. Default: as to resources. */
  readonly toServers?: SigningProfile;
}

/**
 * A dialect: its name, and all its rules but those of agents.
 *
 * @typeParam Level names of its levels
 */
export interface WireProfile<Level extends string = string> extends ResourceProfile<Level> {
  /** Display of messages. No decision depends on it. */
  readonly display: DisplayRules;
}

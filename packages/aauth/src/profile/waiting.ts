/**
 * Deferred responses of resources and servers, and an agent's actions while waiting.
 *
 * @module
 */

/** A deferred response. Plain data. */
export interface DeferredResponse {
  /** Address to poll, absolute or relative to the request, at the same origin. */
  readonly location: string;
  /** Seconds until the next poll; NaN if the party does not specify them. */
  readonly retryAfterSeconds: number;
  /** Requirement that the party waits for, by its name in the profile. Default: unspecified. */
  readonly requirement?: string;
  /** Page on which a person must act first. Default: none. */
  readonly interaction?: Interaction | undefined;
  /** Question that the agent must answer first. Default: none. */
  readonly clarification?: Clarification | undefined;
}

/** A page for a person, and the code of the request. */
export interface Interaction {
  /** `https`, without query and fragment. */
  readonly url: string;
  /** Identifies the request on that page. Shown to the person; authorizes nothing. */
  readonly code: string;
}

/** A question that a party asks before it decides. */
export interface Clarification {
  /** Markdown from another party. Untrusted. */
  readonly question: string;
  /** Seconds until the server gives up. Default: unspecified. */
  readonly timeoutSeconds?: number | undefined;
  /** Answers to choose from. Default: any. */
  readonly options?: readonly string[] | undefined;
}

/** An agent's answer to a clarification. */
export type ClarificationAnswer =
  | { readonly action: "respond"; readonly response: string }
  | {
      readonly action: "update";
      readonly resourceToken: string;
      readonly presentedToken: string;
      readonly justification?: string | undefined;
    }
  | { readonly action: "cancel" };

/** Actions of an agent while a response is deferred. */
export interface DeferralRules {
  /** URL that a browser opens for an interaction. */
  pageOf(interaction: Interaction, returnUrl: string | undefined): string;
  /** Reads the question in the body of a deferred response; undefined if there is none. */
  readQuestion(members: Readonly<Record<string, unknown>>): Clarification | undefined;
  /** The request that answers a clarification, sent to the address of the deferred response. */
  formatClarification(answer: ClarificationAnswer): {
    readonly method: "POST" | "DELETE";
    readonly contentType?: string | undefined;
    readonly body?: string | undefined;
  };
}

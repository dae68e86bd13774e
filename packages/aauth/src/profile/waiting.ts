/**
 * Deferred responses of resources and servers, and what an agent does until there is an answer.
 *
 * @module
 */

/** A response that is not ready. Plain data. */
export interface DeferredResponse {
  /** At the origin that was asked; relative to the address that was asked, or absolute. */
  readonly location: string;
  /** How long to wait before the next poll; NaN where the party does not say. */
  readonly retryAfterSeconds: number;
  /** What the party waits for, in the profile's words. Default: it does not say. */
  readonly requirement?: string;
  /** Where a person has to act before there is an answer. Default: nowhere. */
  readonly interaction?: Interaction | undefined;
  /** What the agent has to answer before there is an answer. Default: nothing. */
  readonly clarification?: Clarification | undefined;
}

/** Where a person acts, and what names the request there. */
export interface Interaction {
  /** `https`, without query and fragment. */
  readonly url: string;
  /** Names the request at that page. It is shown to the person, and authorizes nothing. */
  readonly code: string;
}

/** A question that a party needs answered before it decides. */
export interface Clarification {
  /** Markdown, from another party: not to be trusted. */
  readonly question: string;
  /** Until the server gives up. Default: it does not say. */
  readonly timeoutSeconds?: number | undefined;
  /** Answers to choose from. Default: any. */
  readonly options?: readonly string[] | undefined;
}

/** What an agent says to a clarification. */
export type ClarificationAnswer =
  | { readonly action: "respond"; readonly response: string }
  | {
      readonly action: "update";
      readonly resourceToken: string;
      readonly presentedToken: string;
      readonly justification?: string | undefined;
    }
  | { readonly action: "cancel" };

/** What an agent does while a party defers its response. */
export interface DeferralRules {
  /** What a browser opens for an interaction. */
  pageOf(interaction: Interaction, returnUrl: string | undefined): string;
  /**
   * The question in the body of a deferred response that requires a clarification; undefined for a
   * body without one.
   */
  readQuestion(members: Readonly<Record<string, unknown>>): Clarification | undefined;
  /** What is sent to the address of a deferred response that needs a clarification. */
  formatClarification(answer: ClarificationAnswer): {
    readonly method: "POST" | "DELETE";
    readonly contentType?: string | undefined;
    readonly body?: string | undefined;
  };
}

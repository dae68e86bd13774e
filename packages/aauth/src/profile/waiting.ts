/**
 * Answers that come later: where they are polled, and what a person or an agent has to do before.
 *
 * @module
 */

/** A request whose answer is not ready. */
export interface PendingState {
  /** At the origin that was asked; relative to the address that was asked, or absolute. */
  readonly location: string;
  /** How long to wait before the next look; NaN where the server does not say. */
  readonly retryAfterSeconds: number;
  /** What the server waits for, in the profile's words. Default: it does not say. */
  readonly requirement?: string;
  /** Where a person has to act before there is an answer. Default: nowhere. */
  readonly interaction?: Interaction;
  /** What the agent has to answer before there is an answer. Default: nothing. */
  readonly clarification?: Clarification;
}

/** Where a person acts, and what names the request there. */
export interface Interaction {
  /** `https`, without query and fragment. */
  readonly url: string;
  /** Names the request at that page. It is shown to the person, and authorizes nothing. */
  readonly code: string;
}

/** A question that a server needs answered before it decides. */
export interface Clarification {
  /** Markdown, from another party: not to be trusted. */
  readonly question: string;
  /** Until the server gives up. Default: it does not say. */
  readonly timeoutSeconds?: number;
  /** Answers to choose from. Default: any. */
  readonly options?: readonly string[];
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

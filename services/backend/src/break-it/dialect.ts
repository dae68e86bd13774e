import type { AnyBreakItVariant, ExpectedRefusal } from "backend-api";
import type { SentRequest } from "../calls/evidence.ts";
import type { Run } from "../runs/run.ts";
import type { ForgedRequest } from "./forged-request.ts";
import type { Material } from "./material.ts";

/** An available attempt. */
export interface Attempt extends ExpectedRefusal {
  /**
   * Creates the tampered request after sending the honest requests that it requires.
   *
   * @throws AAuthAgentError if an honest one was refused
   */
  readonly forge: (material: Material, run: Run) => Promise<ForgedRequest>;
}

/** The attempts of one dialect. */
export interface BreakItDialect {
  /** The checks of its verifiers, each with the section that requires it. */
  readonly checks: readonly { readonly name: string; readonly section: string }[];
  /** Attempts in the order in which they are offered. */
  readonly attempts: ReadonlyMap<AnyBreakItVariant, Attempt>;
  /** Reason why any other attempt is unavailable. */
  readonly elsewhere: string;
  /** Identifier of the agent that the runs call. */
  readonly agentUrl: string;
  /** Returns the token that a request was signed with. */
  tokenIn(request: SentRequest): string | undefined;
  /** Whether a token that an attempt needs has expired: expiry would be refused first. */
  isExpired(material: Material, needs: ExpectedRefusal["needs"]): boolean;
  /** Reason why a run lacks what an attempt needs; undefined if it lacks nothing. */
  missing(material: Material, needs: ExpectedRefusal["needs"]): string | undefined;
  /** Name of the party that a request's URL reaches. */
  receiverOf(url: string): string;
}

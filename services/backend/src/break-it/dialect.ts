import type { AAuthErrorCode } from "aauth";
import type { AnyBreakItVariant } from "backend-api";
import type { Run } from "../runs/run.ts";
import type { SentRequest } from "./evidence.ts";
import type { ForgedRequest } from "./forged-request.ts";
import type { Material } from "./material.ts";

/** The refusal that an attempt is meant to get, and what it needs of a run besides a request. */
export interface Column {
  /** A code of the verifier's check, or of a server. Unset where the status suffices. */
  readonly codes?: readonly (AAuthErrorCode | string)[];
  readonly status?: number;
  /** Status of the honest request afterwards that shows that the tampering had no effect. */
  readonly unchanged?: number;
  /** Check and section, where the answer names none. */
  readonly check?: string;
  readonly section?: string;
  /** A token that a server gave to the run, or a token request of the run. */
  readonly needs?: "token" | "grant";
}

/** An attempt that can be made. */
export interface Attempt extends Column {
  /**
   * Creates the tampered request, after the honest requests that it requires.
   *
   * @throws AAuthAgentError where an honest one was refused
   */
  readonly forge: (material: Material, run: Run) => Promise<ForgedRequest>;
}

/** The attempts of one dialect. */
export interface BreakItDialect {
  /** The checks of its verifiers, each with the section that demands it. */
  readonly checks: readonly { readonly name: string; readonly section: string }[];
  /** In the order in which they are offered. */
  readonly attempts: ReadonlyMap<AnyBreakItVariant, Attempt>;
  /** Reason why any other attempt cannot be made. */
  readonly elsewhere: string;
  /** Identifier of the agent that runs call. */
  readonly agentUrl: string;
  /** Token that a request was signed with. */
  tokenIn(request: SentRequest): string | undefined;
  /** Whether a token that an attempt needs has expired, which would be refused first. */
  isExpired(material: Material, needs: Column["needs"]): boolean;
  /** Reason why a run lacks what an attempt needs; undefined where it lacks nothing. */
  missing(material: Material, needs: Column["needs"]): string | undefined;
  /** Name of the party behind the address of a request. */
  receiverOf(url: string): string;
}

import type { AAuthErrorCode } from "aauth";
import type { AnyBreakItVariant } from "backend-api";
import type { Run } from "../runs/run.ts";
import type { SentRequest } from "./evidence.ts";
import type { ForgedRequest } from "./forged-request.ts";
import type { Material } from "./material.ts";

/** The refusal that an attempt should provoke, and what it needs from a run besides a request. */
export interface Column {
  /** Expected codes of the verifier's check or of a server. Unset if the status suffices. */
  readonly codes?: readonly (AAuthErrorCode | string)[];
  readonly status?: number;
  /** Status of the honest follow-up request that proves the tampering had no effect. */
  readonly unchanged?: number;
  /** Check and section, for answers that name none. */
  readonly check?: string;
  readonly section?: string;
  /** Material that the attempt needs: a token issued for the run, or a token request of the run. */
  readonly needs?: "token" | "grant";
}

/** An available attempt. */
export interface Attempt extends Column {
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
  isExpired(material: Material, needs: Column["needs"]): boolean;
  /** Reason why a run lacks what an attempt needs; undefined if it lacks nothing. */
  missing(material: Material, needs: Column["needs"]): string | undefined;
  /** Name of the party that a request's URL reaches. */
  receiverOf(url: string): string;
}

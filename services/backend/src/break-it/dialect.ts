import type { AAuthErrorCode } from "aauth";
import type { AnyBreakItVariant } from "backend-api";
import type { Run } from "../runs/run.ts";
import type { SentRequest } from "./evidence.ts";
import type { ForgedRequest } from "./forged-request.ts";
import type { Material } from "./material.ts";

/** The refusal that an attempt is meant to get, and what it needs of a run besides a request. */
export interface Column {
  /** A code of the verifier's check, or of a server. Unset where the status alone tells. */
  readonly codes?: readonly (AAuthErrorCode | string)[];
  /** Below 400 it says that what was tampered with had no effect. */
  readonly status?: number;
  /** For answers that name no section. */
  readonly section?: string;
  /** A token that a server gave it, or a request for one. */
  readonly needs?: "token" | "grant";
}

/** An attempt that can be made. */
export interface Attempt extends Column {
  /**
   * Makes the tampered request, after the honest requests that it takes.
   *
   * @throws AAuthAgentError where an honest one was refused
   */
  readonly forge: (material: Material, run: Run) => Promise<ForgedRequest>;
}

/** The attempts of one dialect. */
export interface BreakItDialect {
  /** In the order in which they are offered. */
  readonly attempts: ReadonlyMap<AnyBreakItVariant, Attempt>;
  /** The reason for all others. */
  readonly elsewhere: string;
  /** Identifier of the agent that runs call. */
  readonly agentUrl: string;
  /** Token that a request was signed with. */
  tokenIn(request: SentRequest): string | undefined;
  /** Why a run has not what an attempt needs; undefined where it has. */
  missing(material: Material, needs: Column["needs"]): string | undefined;
  /** The party behind the address of a request. */
  receiverOf(url: string): string;
}

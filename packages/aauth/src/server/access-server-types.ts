/**
 * Options and functions of an access server.
 *
 * @module
 */

import type { AccessServerMetadata } from "../draft-11/documents.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { AccessRecords } from "./access-records.ts";
import type { PendingRecord } from "./pending-types.ts";
import type { Server, ServerContext, ServerOptions } from "./server-types.ts";
import type { PairWork } from "./token-pair.ts";
import type { Decide, DownstreamResult, Grant, IssuedTokenRecord, PageResult } from "./types.ts";

/** Options of an access server. */
export interface AccessServerOptions extends ServerOptions<AccessServerMetadata> {
  /**
   * Resources that it decides for. Others' resource tokens are refused before anything is fetched.
   */
  readonly resources: TrustPolicy;
  /** Person servers that may ask. Others are refused before anything is fetched. */
  readonly personServers: TrustPolicy;
  /** Policy of the resources. There is no default: it is what an access server is for. */
  readonly decide: Decide;
}

/**
 * An access server, and what the page of its owner needs. Before the page calls a function it
 * authenticates who decides.
 */
export interface AccessServer extends Server<AccessServerMetadata> {
  /** @param decision.version of the {@link WaitingRequest} that was seen */
  approve(reference: string, decision: { readonly version: number } & Grant): Promise<PageResult>;
  deny(reference: string): Promise<PageResult>;
  /** Auth tokens for a resource that have not expired. */
  issued(resource: string): Promise<readonly IssuedTokenRecord[]>;
  /**
   * Takes an auth token back, with those that were issued on it. Undefined for one that was not
   * issued here, or has expired.
   */
  revoke(jti: string): Promise<readonly DownstreamResult[] | undefined>;
}

export type AccessPending = PendingRecord<PairWork>;

/** Context of the endpoints of an access server. */
export interface AccessContext extends ServerContext<PairWork> {
  readonly options: AccessServerOptions;
  readonly records: AccessRecords;
}

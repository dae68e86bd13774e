/**
 * Options and functions of an access server.
 *
 * @module
 */

import type { AccessServerMetadata } from "../draft-11/documents.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { AccessRecords } from "./access-records.ts";
import type { RequestRecord } from "./request-types.ts";
import type { ServerContext } from "./server-context.ts";
import type { Server, ServerOptions } from "./server-types.ts";
import type { PairWork } from "./token-pair.ts";
import type { Decide, DownstreamResult, Grant, IssuedTokenRecord, PageResult } from "./types.ts";

/** Options of an access server. */
export interface AccessServerOptions extends ServerOptions<AccessServerMetadata> {
  /**
   * Resources that it authorizes. Resource tokens of others are refused before anything is fetched.
   */
  readonly resources: TrustPolicy;
  /** Person servers that may request tokens. Others are refused before anything is fetched. */
  readonly personServers: TrustPolicy;
  /** Policy of the resources. There is no default. */
  readonly decide: Decide;
}

/**
 * An access server, and functions for the page of its owner. The page must authenticate the person
 * who decides before it calls one.
 */
export interface AccessServer extends Server<AccessServerMetadata> {
  /** @param decision.version version of the {@link WaitingRequest} that was shown */
  approve(reference: string, decision: { readonly version: number } & Grant): Promise<PageResult>;
  deny(reference: string): Promise<PageResult>;
  /** Auth tokens for a resource that have not expired, even revoked ones. */
  issued(resource: string): Promise<readonly IssuedTokenRecord[]>;
  /**
   * Revokes an auth token and all tokens derived from it. Undefined for a token that was not issued
   * here, or has expired.
   */
  revoke(jti: string): Promise<readonly DownstreamResult[] | undefined>;
}

export type AccessRequest = RequestRecord<PairWork>;

/** Context of the endpoints of an access server. */
export interface AccessContext extends ServerContext<PairWork> {
  readonly options: AccessServerOptions;
  readonly records: AccessRecords;
}

/**
 * Sessions that a resource issues (draft -11, section 6.3): `AAuth-Access`, valid only with a
 * signature by the same key.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import { parseSessionAuthorization } from "../draft-11/headers.ts";
import { AAUTH_ACCESS } from "../draft-11/names.ts";
import { AAuthVerificationError } from "../errors.ts";
import { fieldValue } from "../http-signatures/field.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { HeaderFields, ProvenCaller } from "../types.ts";
import type { OpenedRequest } from "./deferred.ts";

/** Stored data of a session; plain JSON if `data` is. */
export interface Session<Data> {
  /** Thumbprint of the key that may use it. */
  readonly holder: string;
  readonly data: Data;
}

/** Options of sessions. */
export interface SessionsOptions {
  /** Default 3600. */
  readonly lifetimeSeconds?: number | undefined;
}

interface SessionParts<Data> {
  readonly store?: RecordStore<Session<Data>> | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * Sessions of a resource (draft -11, section 6.3), issued to verified callers and found by their
 * token.
 */
export interface Sessions<Data> {
  /**
   * Starts a session for a key. Send the returned headers to the holder, whose previous session
   * they replace.
   *
   * @param holder a caller, or a deferred request that its person has opened
   * @throws StoreFullError
   */
  start(
    holder: ProvenCaller | Pick<OpenedRequest<unknown>, "thumbprint" | "owner">,
    data: Data,
  ): Promise<Readonly<Record<string, string>>>;
  /**
   * Data of a verified request's session; undefined without a session, and for one that has ended
   * or belongs to another key. The verifier has already checked that the signature covers
   * `Authorization`.
   *
   * @throws AAuthVerificationError `malformed_token` for `Authorization: AAuth` without exactly one
   *   token68
   */
  find(headers: HeaderFields, caller: ProvenCaller): Promise<Data | undefined>;
  /** Ends the session of a request, if any. Throws like `find`. */
  end(headers: HeaderFields, caller: ProvenCaller): Promise<void>;
}

/** Creates the sessions of one resource. Replicas share `store`. */
export function createSessions<Data>(options: SessionsOptions & SessionParts<Data>): Sessions<Data> {
  const { lifetimeSeconds = 3_600 } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const store = options.store ?? createMemoryRecordStore<Session<Data>>({ now });
  return {
    async start(holder, data) {
      const owner = "owner" in holder ? holder.owner : ownerOfCaller(holder);
      const token = encodeBase64Url(platformCrypto.randomBytes(24));
      await store.put(token, { holder: holder.thumbprint, data }, { owner, ttlSeconds: lifetimeSeconds });
      return { [AAUTH_ACCESS]: token };
    },
    async find(headers, { thumbprint }) {
      const token = tokenOf(headers);
      const session = token === undefined ? undefined : await store.get(token);
      return session?.holder === thumbprint ? session.data : undefined;
    },
    async end(headers, { thumbprint }) {
      const token = tokenOf(headers);
      if (token !== undefined && (await store.get(token))?.holder === thumbprint) await store.delete(token);
    },
  };
}

function tokenOf(headers: HeaderFields): string | undefined {
  const value = fieldValue(headers, "authorization");
  if (value === undefined) return undefined;
  try {
    return parseSessionAuthorization(value);
  } catch (cause) {
    throw new AAuthVerificationError("malformed_token", "Authorization: AAuth needs one token68", { cause });
  }
}

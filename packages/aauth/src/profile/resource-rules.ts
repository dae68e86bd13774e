/**
 * Documents and endpoints of a resource in one dialect, and the owners by which its limits count.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Answer, HeaderFields, Jwks, ProvenCaller, Requirement, SigningKey } from "../types.ts";

export type { Answer } from "../types.ts";

/** A resource token, and the server that redeems it. */
export interface ResourceTokenGrant {
  /** Compact JWS. */
  readonly resourceToken: string;
  /** Identifier of the server that redeems it. */
  readonly server: string;
  /** Seconds until it expires. */
  readonly expiresInSeconds: number;
}

/** Configuration of a resource. A dialect refuses members that it does not support. */
export interface ResourceIdentity {
  /**
   * Identifier of the resource, and the audience of auth tokens. Callers sign for the authority of
   * its origin.
   */
  readonly resource: string;
  /**
   * Identifier of the access server that issues auth tokens for this resource. Default: none, so
   * that person servers issue them.
   */
  readonly accessServer?: string | undefined;
  /**
   * Identifiers of trusted person servers. With them, the resource serves `/aauth/revoke`. Default:
   * none, so that routes may only require agent tokens.
   */
  readonly personServers?: readonly string[] | undefined;
  /**
   * Scopes that agents may request before a call, at the endpoint that the resource's document
   * names (`/aauth/authorize` in draft -11). Default: none, so that agents wait for the challenge
   * of a route.
   */
  readonly scopes?: readonly string[] | undefined;
  /**
   * For each scope, the sentence shown when a person is asked for consent. In draft -11, every
   * required scope needs one, except those of OpenID Connect. Default: none.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
  /**
   * For a resource that is also an agent under the same identifier (in draft -11, its own agent
   * provider): additional members of its agent document. Default: no such document.
   */
  readonly agent?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Draft -11 only: additional members of the resource's document, such as `name` and
   * `access_mode`. Default: none.
   */
  readonly about?: object | undefined;
  /**
   * Draft -11 only: components that signatures must cover in addition, if the request has them.
   * Published. Default `content-digest`, `content-type` and `@query`.
   */
  readonly additionalSignatureComponents?: readonly string[] | undefined;
  /** Tolerance of `created` in both directions, in seconds. Default: the profile's (60). */
  readonly toleranceSeconds?: number | undefined;
  /** Variants of the profile, each with the agents from which it is accepted. Default: none. */
  readonly accept?: readonly object[] | undefined;
  /** Draft -11 only: policy of the endpoint for `scopes`. */
  readonly authorization?: object | undefined;
}

/** An endpoint behind the verifier of its resource. */
export interface GuardedEndpoint {
  readonly methods: readonly string[];
  readonly path: string;
  /** Maximum bytes of a body. */
  readonly maxBodyBytes: number;
  /** Requirement on its callers. */
  readonly requirement: Requirement<string>;
  /** Answers a verified caller. @throws AAuthVerificationError for one that lacks more */
  answer(request: GuardedRequest): Awaitable<Answer>;
}

/** A request that has passed the requirement of its endpoint. */
export interface GuardedRequest {
  readonly caller: ProvenCaller;
  readonly headers: HeaderFields;
  readonly body: Uint8Array | undefined;
  /** Issues a resource token for the caller. */
  resourceToken(scopes: readonly string[], account?: string): Promise<ResourceTokenGrant>;
}

/** Documents and endpoints that follow from a resource's configuration. */
export interface PublishedResource {
  /** By name below `/.well-known/`. */
  readonly documents: Readonly<Record<string, object>>;
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * Path of the revocation endpoint, and its allowed callers; without issuers there is no endpoint.
   * Undefined in a dialect without revocation.
   */
  readonly revocation?: { readonly path: string; readonly issuers: readonly string[] };
  /** Path of the authorization endpoint, if any. */
  readonly authorizationPath?: string | undefined;
  /** Endpoints that only this dialect has. */
  readonly endpoints: readonly GuardedEndpoint[];
}

/**
 * Rule for counting the requests of a level: by key, by owner (`ownerOfCaller`), or by owner and
 * user.
 */
export interface LimitedLevel {
  readonly countedBy: "key" | "owner" | "owner-and-user";
  /** A token with scopes raises the limit of such a caller. Default false. */
  readonly raisedByScopes?: true;
}

/** Rules for the resources of one dialect. */
export interface ResourceRules {
  /** @throws TypeError for unsupported members, and for documents of the wrong shape */
  publish(identity: ResourceIdentity): PublishedResource;
  /** The key set at `/jwks.json`. */
  keySet(keys: readonly SigningKey[]): Jwks;
  /** Levels with a request limit. */
  readonly limited: Readonly<Record<string, LimitedLevel>>;
  /**
   * Name of the member of `limited` that applies to a caller. `isRaised`: the grant has the scopes
   * for the higher limit.
   */
  limitedAs(caller: ProvenCaller, isRaised: boolean): string;
}

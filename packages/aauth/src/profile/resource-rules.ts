/**
 * What a resource publishes and serves in one dialect, and what its callers are counted by.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { HeaderFields, Jwks, ProvenCaller, Requirement, SigningKey } from "../types.ts";

/** A response, ready to be sent. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text to send. */
  readonly body: string;
}

/** A resource token and where it is to be presented. */
export interface ResourceTokenGrant {
  /** Compact JWS. */
  readonly resourceToken: string;
  /** Issuer identifier of the auth server that it is for. */
  readonly authServer: string;
  /** Seconds until it expires. */
  readonly expiresInSeconds: number;
}

/**
 * What the owner of a resource says about it. A dialect refuses the members that have no meaning in
 * it.
 */
export interface ResourceIdentity {
  /** Own identifier: the audience of auth tokens. Callers sign for the authority of its origin. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server that callers are sent to, and whose auth tokens are
   * accepted: in draft -11 the resource's own access server. Default: none, and person servers
   * issue auth tokens, too; a dialect without them needs it.
   */
  readonly authServer?: string | undefined;
  /**
   * Draft -11 only: identifiers of the person servers whose persons may be authorized. With them
   * the resource serves `/aauth/revoke`. Default: none, and routes may demand agent tokens only.
   */
  readonly personServers?: readonly string[] | undefined;
  /**
   * Scopes that may be asked for before a call, at `/aauth/authorize`, or where a dialect says; the
   * resource's document names that endpoint. Default none: each token is asked for by the challenge
   * of a route.
   */
  readonly scopes?: readonly string[] | undefined;
  /**
   * The sentence that a person reads when asked for consent, by scope. In draft -11 every scope
   * that a route demands has one, but for those of OpenID Connect. Default: none.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
  /**
   * For a resource that is an agent, too, under the same identifier, in draft -11 its own agent
   * provider: further members of its agent document. Default: none is served.
   */
  readonly agent?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Draft -11 only: further members of the resource's document, such as `name` and `access_mode`.
   * Default: none.
   */
  readonly about?: object | undefined;
  /**
   * Draft -11 only: what signatures cover beside the components that all do, where a request has
   * it. It is published. Default `content-digest`, `content-type` and `@query`.
   */
  readonly additionalSignatureComponents?: readonly string[] | undefined;
  /** How far `created` may be from now, either way, seconds. Default: the profile's (60). */
  readonly toleranceSeconds?: number | undefined;
  /** Variants of the profile, with the agents that they are accepted from. Default none. */
  readonly accept?: readonly object[] | undefined;
  /** Draft -11 only: how the endpoint for `scopes` decides. */
  readonly authorization?: object | undefined;
}

/** An endpoint behind the verifier of its resource. */
export interface GuardedEndpoint {
  readonly methods: readonly string[];
  readonly path: string;
  /** Bytes that a body may have. */
  readonly maxBodyBytes: number;
  /** What its callers must prove. */
  readonly requirement: Requirement<string>;
  /** The answer to a proven caller. */
  answer(request: GuardedRequest): Awaitable<Answer>;
}

/** A request that has passed the requirement of its endpoint. */
export interface GuardedRequest {
  readonly caller: ProvenCaller;
  readonly headers: HeaderFields;
  readonly body: Uint8Array | undefined;
  /** Issues a resource token for the caller. */
  resourceToken(scopes: readonly string[]): Promise<ResourceTokenGrant>;
}

/** What follows from a resource's identity in one dialect. */
export interface PublishedResource {
  /** By name below `/.well-known/`. */
  readonly documents: Readonly<Record<string, object>>;
  /** Issuers whose tokens are accepted, as the verifier's. */
  readonly trustedIssuers: readonly string[];
  /** The only issuer of auth tokens. Default: each of `trustedIssuers`. */
  readonly accessServer?: string | undefined;
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * Who may revoke tokens, and where; with no issuer there is no such endpoint. Undefined where the
   * dialect has no revocations.
   */
  readonly revocation?: { readonly path: string; readonly issuers: readonly string[] };
  /** Path of the authorization endpoint. Undefined where there is none. */
  readonly authorizationPath?: string | undefined;
  /** Endpoints that the dialect alone has. */
  readonly endpoints: readonly GuardedEndpoint[];
}

/**
 * What the callers of a level are counted by: their key, their owner (`ownerOfCaller`), or their
 * owner for one user.
 */
export interface LimitedLevel {
  readonly countedBy: "key" | "owner" | "owner-and-user";
  /** A token with scopes raises the limit of such a caller. Default false. */
  readonly raisedByScopes?: true;
}

/** What a resource of one dialect publishes and serves. */
export interface ResourceRules {
  /**
   * @throws TypeError for members that the dialect does not have, and for documents of the wrong
   * shape.
   */
  publish(identity: ResourceIdentity): PublishedResource;
  /** The key set at `/jwks.json`. */
  keySet(keys: readonly SigningKey[]): Jwks;
  /** Levels that requests can be limited by. */
  readonly limited: Readonly<Record<string, LimitedLevel>>;
  /**
   * The member of `limited` that a caller counts as. `isRaised`: its grant has the scopes that the
   * higher limit is for.
   */
  limitedAs(caller: ProvenCaller, isRaised: boolean): string;
}

import type { ProvenCaller } from "aauth";

/** `AuthInfo` of the SDK, for handlers of both major versions. */
export interface McpAuthInfo {
  /**
   * Empty, because AAuth tokens are bound to their holder's key. The auth token is the caller's
   * `grant.token`, which is not enumerable.
   */
  readonly token: "";
  /**
   * Identifier of the agent, or of a server that signs for itself. For person tokens and auth
   * tokens of draft -11, which name no agent, the key as a JWK thumbprint URI (RFC 9278).
   */
  clientId: string;
  /** Scopes of the auth token. Empty without one. */
  scopes: string[];
  /** Unix seconds. Absent without an auth token. */
  expiresAt?: number;
  /** Identifier of the resource. */
  resource: URL;
  extra: { caller: ProvenCaller };
}

/** Describes a caller in the SDK's terms. */
export function authInfoOf(caller: ProvenCaller, resource: string): McpAuthInfo {
  const { agent, server, thumbprint, grant } = caller;
  const { exp } = grant?.claims ?? {};
  return {
    token: "",
    clientId: agent ?? server ?? `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${thumbprint}`,
    scopes: [...(grant?.scopes ?? [])],
    ...(typeof exp === "number" && { expiresAt: exp }),
    resource: new URL(resource),
    extra: { caller },
  };
}

/**
 * The verified caller of a request, in a handler of the SDK.
 *
 * @param authInfo `extra.authInfo` in SDK 1, `context.http?.authInfo` in SDK 2
 * @throws TypeError if the request did not pass `protectMcp`
 */
export function callerOf(authInfo: { readonly extra?: Record<string, unknown> } | undefined): ProvenCaller {
  const caller = authInfo?.extra?.caller;
  if (caller === undefined)
    throw new TypeError("the request did not pass protectMcp, so it has no verified caller");
  return caller as ProvenCaller;
}

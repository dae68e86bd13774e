/**
 * Events of an agent, detailed enough for a log line, a span, or a picture of the protocol.
 *
 * @module
 */

import { harmless } from "../harmless.ts";
import type { RetryReason } from "../profile/calls.ts";
import type { Clarification, ClarificationAnswer, Interaction } from "../profile/waiting.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";

/** Kind of token request, by its name in the profile. */
export type TokenRequestType = string;

/** A token for display: its short name and its decoded content. */
export interface ShownToken extends DecodedToken {
  /** A short name that is not the token: its `jti`, or the first characters of a hash. */
  readonly tokenId: string;
  /** The token itself. Only if the agent was created with `revealTokens`. */
  readonly token?: string;
}

export type { RetryReason };

interface About {
  readonly url: string;
  readonly method: string;
  /** A request to a resource, or to an auth server's token endpoint. */
  readonly purpose: "resource" | "token";
}

/**
 * No event contains a key or a signature, or a full token unless the agent was created with
 * `revealTokens`.
 */
export type AgentEvent =
  | (About & {
      readonly type: "request_signed";
      /** Name of the wire profile. */
      readonly profile: string;
      readonly scheme: string;
      readonly coveredComponents: readonly string[];
      /** The signature base, with any token truncated. */
      readonly signatureBase: string;
      /** Unix seconds. */
      readonly created: number;
      /** Short name of the token sent with it (scheme jwt). */
      readonly tokenId?: string | undefined;
      /** Key id and thumbprint of the key that signed. */
      readonly kid: string;
      readonly thumbprint: string;
      /** 1 for the first request of a call, counted per call; always 1 for a token request. */
      readonly attempt: number;
      /** Reason for another attempt. */
      readonly retryReason?: RetryReason | undefined;
    })
  | (About & { readonly type: "response_received"; readonly status: number })
  | {
      readonly type: "challenge_received";
      readonly url: string;
      readonly status: number;
      readonly level: string;
      readonly server?: string | undefined;
      readonly resourceToken?: ShownToken | undefined;
    }
  | {
      readonly type: "request_retried";
      readonly url: string;
      readonly method: string;
      readonly scheme: string;
      readonly reason: RetryReason;
    }
  | {
      readonly type: "token_cache_hit";
      readonly server: string;
      readonly resource: string;
      readonly tokenId: string;
    }
  | {
      readonly type: "resource_token_requested";
      readonly resource: string;
      readonly url: string;
      readonly scope: string;
    }
  | {
      readonly type: "resource_token_received";
      readonly resource: string;
      readonly server: string;
      readonly resourceToken: ShownToken;
    }
  | {
      readonly type: "token_requested";
      readonly server: string;
      readonly url: string;
      readonly requestType: TokenRequestType;
    }
  | {
      readonly type: "token_received";
      readonly server: string;
      readonly requestType: TokenRequestType;
      readonly token: ShownToken;
      readonly expiresInSeconds: number;
    }
  | { readonly type: "consent_required"; readonly server: string; readonly expiresInSeconds: number }
  /** A resource or server has deferred its response. */
  | {
      readonly type: "answer_pending";
      /** Identifier of the party. */
      readonly party: string;
      readonly location: string;
      /** Requirement that it waits for, by its name in the profile; empty if unspecified. */
      readonly requirement: string;
      readonly interaction?: Interaction | undefined;
      readonly clarification?: Clarification | undefined;
    }
  /**
   * A person must act on `page`, the URL for a browser. `isRelayed`: the person's own server brings
   * them there.
   */
  | (Interaction & {
      readonly type: "interaction_required";
      readonly party: string;
      readonly page: string;
      readonly isRelayed: boolean;
    })
  | {
      readonly type: "clarification_answered";
      readonly party: string;
      readonly action: ClarificationAnswer["action"];
    }
  /** A resource has issued a session token, which replaces the previous one. */
  | { readonly type: "session_received"; readonly resource: string };

/** Receives events synchronously, in order. Errors and rejections are ignored. */
export type AgentObserver = (event: AgentEvent) => void;

/** No-op observer. Callers compare against it to avoid building events. */
export const ignoreEvents: AgentObserver = () => {};

/** Combines observers into one. An observer that throws does not affect the call. */
export function combineObservers(...observers: readonly (AgentObserver | undefined)[]): AgentObserver {
  const watching = observers
    .filter((observer) => observer !== undefined)
    .map((observer) => harmless(observer));
  if (watching.length === 0) return ignoreEvents;
  return (event) => {
    for (const observer of watching) observer(event);
  };
}

/**
 * Decodes a token for an event.
 *
 * @param revealTokens include the token itself
 * @param decoded its decoded content, if already known
 * @throws AAuthError `malformed_token`
 */
export function showToken(
  token: string,
  revealTokens: boolean,
  decoded: DecodedToken = decodeJwt(token),
): ShownToken {
  return { ...decoded, tokenId: tokenId(token, decoded.claims), ...(revealTokens && { token }) };
}

/**
 * Truncates the token of scheme jwt in the line of the key claim, and the value in the line of
 * `authorization`.
 */
export function cutSignatureBase(base: string): string {
  return base
    .replace(/([ ;])jwt="([^"]{0,12})[^"]*"/, '$1jwt="$2…"')
    .replace(/^("authorization": \S{0,12}).*$/m, "$1 …");
}

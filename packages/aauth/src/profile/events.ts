/**
 * Events of every party, detailed enough for a log line, a span, or a picture of the protocol, and
 * the observer that receives them.
 *
 * @module
 */

import type { AAuthVerificationError } from "../errors.ts";
import type { DecodedToken } from "../tokens/jwt.ts";
import type { ProvenCaller, Requirement, VerifiedRequest } from "../types.ts";
import type { RetryReason } from "./calls.ts";
import type { Answer } from "./resource-rules.ts";
import type { Clarification, ClarificationAnswer, Interaction } from "./waiting.ts";

/** Kind of token request, by its name in the profile. */
export type TokenRequestType = string;

/** A token for display: its short name and its decoded content. */
export interface ShownToken extends DecodedToken {
  /** A short name that is not the token: its `jti`, or the first characters of a hash. */
  readonly tokenId: string;
  /** The token itself. Only if the agent was created with `revealTokens`. */
  readonly token?: string;
}

interface About {
  readonly url: string;
  readonly method: string;
  /** A request to a resource, or to an auth server's token endpoint. */
  readonly purpose: "resource" | "token";
}

/**
 * An event of an agent, a verifier, a resource or a server. It contains no key or signature, and a
 * full token only if the agent was created with `revealTokens`.
 */
export type AAuthEvent =
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
  | { readonly type: "session_received"; readonly resource: string }
  | {
      readonly type: "request_verified";
      readonly verified: VerifiedRequest;
      readonly requirement: Requirement<string> | undefined;
    }
  | {
      readonly type: "request_refused";
      readonly error: AAuthVerificationError;
      readonly requirement: Requirement<string> | undefined;
      /** The response. Unset for an event of a verifier, which makes none. */
      readonly challenge?: Answer;
    }
  /** A request has reached `fastify-aauth`, with these of the signature fields. */
  | { readonly type: "request_received"; readonly signatureHeaders: readonly string[] }
  /** A verified caller exceeds a limit of `fastify-aauth`. */
  | {
      readonly type: "request_limited";
      readonly caller: ProvenCaller;
      readonly limit: { readonly level: string; readonly retryAfterSeconds: number };
      readonly challenge: Answer;
    }
  /**
   * A resource or server was created without `stores`: a second process would accept each unsafe
   * request once more, and know no revocation. `party` is its identifier.
   */
  | { readonly type: "memory_stores"; readonly party: string }
  /**
   * A handler, a function of the options or a store has thrown, or a request to another party has
   * failed. The response does not reveal it.
   */
  | { readonly type: "unexpected_error"; readonly error: unknown };

/**
 * Receives events synchronously, in order. Its errors and rejections change nothing, and are
 * written to the console.
 *
 * @typeParam Request the request that the party answers, as it receives it; unset for other events
 */
export type Observer<Request = unknown> = (event: AAuthEvent, request?: Request) => void;

/** Reported errors. Two parts of a process do not report the same one. */
const reported = new WeakSet<object>();

/** Writes the stack of an error, without other members, which may contain a token. */
function report(error: unknown): void {
  if (!(error instanceof Error)) console.error(error);
  else if (!reported.has(error)) {
    reported.add(error);
    console.error(error.stack);
  }
}

let isMemoryReported = false;

/**
 * Writes the stack of each unexpected error to `console.error`, once; and with
 * `NODE_ENV=production` one line for the first party of the process whose stores are in memory.
 */
const reportToConsole: Observer = (event) => {
  if (event.type === "unexpected_error") report(event.error);
  if (event.type !== "memory_stores" || isMemoryReported) return;
  const { process } = globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } };
  if (process?.env.NODE_ENV !== "production") return;
  isMemoryReported = true;
  console.warn(
    `aauth: ${event.party} has its stores in memory: another process accepts each request again. ` +
      "Pass shared `stores`, or createMemoryStores() for one process",
  );
};

/**
 * The observer of an option, which never throws. Default: {@link reportToConsole}. An observer that
 * is passed replaces it.
 */
export const observerOf = <Request>(observer: Observer<Request> = reportToConsole): Observer<Request> =>
  guarded(observer);

/** An observer whose errors are reported, and not thrown. */
export function guarded<Request>(observer: Observer<Request>): Observer<Request> {
  return (event, request) => {
    try {
      Promise.resolve(observer(event, request)).catch(report);
    } catch (error) {
      report(error);
    }
  };
}

/**
 * Signs a request and sends it once.
 *
 * @module
 */

import type { Transport } from "../discovery/transport.ts";
import { createNonce, isUnsafeMethod } from "../http-signatures/replay.ts";
import type { Credential, WireProfile } from "../profiles/wire-profile.ts";
import { tokenId } from "../tokens/decode-token.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, cutSignatureBase, ignoreEvents, type RetryReason } from "./events.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { type SignedRequest, signRequest } from "./sign-request.ts";
import { anyOf, withTimeout } from "./timeout.ts";

export type Sender = (request: OutgoingRequest, options: SendOptions) => Promise<Response>;

export function createSender({ profile, transport, now }: SenderOptions): Sender {
  const isRepeated = createRepetitions();
  const { bindsBody, sendsNonce } = profile.messages;
  return async (request, options) => {
    const { method, url, headers, body } = request;
    const { key, credential, purpose, observe, additionalComponents } = options;
    const sign = (nonce?: string) =>
      signRequest(
        { method, url, headers, body },
        { profile, key, signatureKey: credential, endpoint: purpose, now, additionalComponents, nonce },
      );
    let signed = await sign();
    // Only what is signed distinguishes one such request from the one before.
    if (bindsBody && !sendsNonce && isUnsafeMethod(method) && isRepeated(signed)) {
      signed = await sign(createNonce());
    }
    if (observe !== ignoreEvents) {
      observe({
        type: "request_signed",
        profile: profile.name,
        purpose,
        url,
        method,
        scheme: credential.scheme,
        coveredComponents: signed.coveredComponents,
        signatureBase: cutSignatureBase(signed.signatureBase),
        created: signed.created,
        ...(credential.scheme === "jwt" ? { tokenId: tokenId(credential.jwt) } : {}),
        kid: key.kid,
        thumbprint: key.thumbprint,
        attempt: options.attempt ?? 1,
        ...(options.retryReason === undefined ? {} : { retryReason: options.retryReason }),
      });
    }
    const { signals } = request;
    const send = (signal: AbortSignal | undefined) =>
      transport(url, {
        method,
        headers: { ...headers, ...signed.headers },
        redirect: "manual",
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const response = await (timeoutMs === Number.POSITIVE_INFINITY
      ? send(anyOf(signals))
      : // `AbortSignal.timeout` would go on to cut a body that streams for longer; this one ends with the headers.
        withTimeout(timeoutMs, (timeout) => send(anyOf([...signals, timeout]))));
    if (observe !== ignoreEvents) {
      observe({ type: "response_received", purpose, url, method, status: response.status });
    }
    return response;
  };
}

/** Whether a request of the same second had the same signature base: a verifier would take the second one for a replay. */
function createRepetitions() {
  const bases = new Set<string>();
  let second = 0;
  return ({ signatureBase, created }: SignedRequest): boolean => {
    if (created !== second) bases.clear();
    second = created;
    const isRepeated = bases.has(signatureBase);
    bases.add(signatureBase);
    return isRepeated;
  };
}

export interface SendOptions {
  readonly key: SigningKey;
  readonly credential: Credential;
  readonly purpose: "resource" | "token";
  /** Until the response headers are here; the body may stream on. Unset or `Infinity` where the request's own signals see to it. */
  readonly timeoutMs?: number;
  readonly observe: AgentObserver;
  /** Components to cover beside those of the profile. Default: none. */
  readonly additionalComponents?: readonly string[] | undefined;
  /** Default 1. */
  readonly attempt?: number;
  readonly retryReason?: RetryReason | undefined;
}

export interface SenderOptions {
  readonly profile: WireProfile;
  readonly transport: Transport;
  readonly now: () => number;
}

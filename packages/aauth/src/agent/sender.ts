/**
 * Signs a request and sends it once.
 *
 * @module
 */

import type { Transport } from "../discovery/transport.ts";
import { isUnsafeMethod } from "../http-signatures/replay.ts";
import type { Credential, WireProfile } from "../profiles/wire-profile.ts";
import { tokenId } from "../tokens/decode-token.ts";
import type { SigningKey } from "../types.ts";
import { type AgentObserver, cutSignatureBase, ignoreEvents, type RetryReason } from "./events.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { type SignedRequest, signRequest } from "./sign-request.ts";
import { anyOf, withTimeout } from "./timeout.ts";

export type Sender = (request: OutgoingRequest, options: SendOptions) => Promise<Response>;

export function createSender({ profile, transport, now }: SenderOptions): Sender {
  const distinct = createDistinct();
  const { bindsBody, sendsNonce } = profile.messages;
  return async (request, options) => {
    const { method, url, headers, body } = request;
    const { key, credential, purpose, observe, additionalComponents } = options;
    const signAt = (clock: () => number) =>
      signRequest(
        { method, url, headers, body },
        { profile, key, signatureKey: credential, endpoint: purpose, now: clock, additionalComponents },
      );
    let signed = await signAt(now);
    // Only what is signed distinguishes one such request from the one before.
    if (bindsBody && !sendsNonce && isUnsafeMethod(method)) {
      const created = distinct(signed);
      if (created !== signed.created) signed = await signAt(() => created);
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

/** By which `created` may be ahead of the clock: half of what verifiers allow. */
const MAX_AHEAD_SECONDS = 30;

/**
 * When a request is to be signed so that none before it has the same signature base: a verifier would take it for a repetition. The second of the
 * request, or the next that is free; beyond half a minute ahead the verifier may say so.
 */
function createDistinct() {
  const last = new Map<string, number>();
  let second = 0;
  return ({ signatureBase, created }: SignedRequest): number => {
    if (created !== second) {
      second = created;
      for (const [base, time] of last) if (time < second) last.delete(base);
    }
    const base = signatureBase.replace(`;created=${created}`, "");
    const before = last.get(base);
    const free =
      before === undefined ? created : Math.max(created, Math.min(before, created + MAX_AHEAD_SECONDS) + 1);
    last.set(base, free);
    return free;
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

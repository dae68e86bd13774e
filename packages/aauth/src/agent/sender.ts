/**
 * Signs a request and sends it once.
 *
 * @module
 */

import type { AddressMap } from "../discovery/address-map.ts";
import { isUnknownHost, noAddress, type Transport } from "../discovery/transport.ts";
import { guardSigned } from "../discovery/url-guard.ts";
import { AAuthAgentError } from "../errors.ts";
import type { RetryReason } from "../profile/calls.ts";
import type { Observer } from "../profile/events.ts";
import type { EndpointRole, SignatureKeyScheme } from "../profile/messages.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import { tokenId } from "../tokens/decode-token.ts";
import type { SigningKey } from "../types.ts";
import { cutSignatureBase, ignoreEvents } from "./events.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { signRequest } from "./sign-request.ts";
import { anyOf, withTimeout } from "./timeout.ts";

/**
 * @throws AAuthError `discovery_blocked` for plain `http` beyond this machine and the address map
 */
export type Sender = (request: OutgoingRequest, options: SendOptions) => Promise<Response>;

export function createSender({ profile, transport, addresses, now }: SenderOptions): Sender {
  return async (request, options) => {
    const { method, url, headers, body } = request;
    const { key, signatureKey, purpose, endpoint = purpose, observe, additionalComponents } = options;
    guardSigned(url, addresses); // hole E13
    const identifier = addresses?.identifierAt(url);
    if (identifier !== undefined && !profile.documents.isIdentifier(new URL(url).origin)) {
      const reason = `${new URL(url).origin} is the address of ${identifier}: call it by this identifier`;
      throw new AAuthAgentError("discovery_blocked", reason);
    }
    const signed = await signRequest(
      { method, url, headers, body },
      { key, signatureKey, profile, endpoint, now, additionalComponents },
    );
    if (observe !== ignoreEvents) {
      observe({
        type: "request_signed",
        profile: profile.name,
        purpose,
        url,
        method,
        scheme: signatureKey.scheme,
        coveredComponents: signed.coveredComponents,
        signatureBase: cutSignatureBase(signed.signatureBase),
        created: signed.created,
        tokenId: signatureKey.scheme === "jwt" ? tokenId(signatureKey.jwt) : undefined,
        kid: key.kid,
        thumbprint: key.thumbprint,
        attempt: options.attempt ?? 1,
        retryReason: options.retryReason,
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
      }).catch((error: unknown) => {
        throw isUnknownHost(error) ? unknownHost(error, url) : error;
      });
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const response = await (timeoutMs === Number.POSITIVE_INFINITY
      ? send(anyOf(signals))
      : // `AbortSignal.timeout` would also abort a body that streams for longer.
        withTimeout(timeoutMs, (timeout) => send(anyOf([...signals, timeout]))));
    if (observe !== ignoreEvents) {
      observe({ type: "response_received", purpose, url, method, status: response.status });
    }
    return response;
  };
}

const unknownHost = (cause: unknown, url: string): TypeError =>
  Object.assign(new TypeError(noAddress(url), { cause }), { code: "ENOTFOUND" });

export interface SendOptions {
  readonly key: SigningKey;
  readonly signatureKey: SignatureKeyScheme;
  readonly purpose: "resource" | "token";
  /** Default: `purpose`. */
  readonly endpoint?: EndpointRole | undefined;
  /**
   * Time limit until the response headers arrive; the body may stream longer. Unset or `Infinity`:
   * only the request's own signals end it.
   */
  readonly timeoutMs?: number;
  readonly observe: Observer<never>;
  /** Additional components to cover. Default: none. */
  readonly additionalComponents?: readonly string[] | undefined;
  /** Default 1. */
  readonly attempt?: number;
  readonly retryReason?: RetryReason | undefined;
}

export interface SenderOptions {
  readonly profile: SigningProfile;
  readonly transport: Transport;
  /** Parties to which requests over plain `http` are signed. */
  readonly addresses: AddressMap | undefined;
  readonly now: () => number;
}

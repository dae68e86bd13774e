/**
 * Signs the requests of one party so that equal unsafe requests are not mistaken for replays.
 *
 * @module
 */

import { createNonce, isUnsafeMethod } from "../http-signatures/replay.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import {
  type RequestToSign,
  type SignedRequest,
  type SignRequestOptions,
  signRequest,
} from "./sign-request.ts";

type Signer = (
  request: RequestToSign,
  options: Pick<SignRequestOptions, "key" | "signatureKey" | "endpoint" | "now" | "additionalComponents">,
) => Promise<SignedRequest>;

export function createSigner(profile: SigningProfile): Signer {
  const isRepeated = createRepetitions();
  const { bindsBody, sendsNonce } = profile.messages;
  return async (request, options) => {
    const signed = await signRequest(request, { ...options, profile });
    // Equal requests of the same second need a nonce to differ.
    const isAlone = !bindsBody || sendsNonce || !isUnsafeMethod(request.method) || !isRepeated(signed);
    return isAlone ? signed : signRequest(request, { ...options, profile, nonce: createNonce() });
  };
}

/** Detects a signature base that was already used in the same second. */
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

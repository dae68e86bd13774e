/**
 * Signs requests of one party so that no two unsafe ones look like one that is replayed.
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
    // Only what is signed distinguishes one such request from the one before.
    const isAlone = !bindsBody || sendsNonce || !isUnsafeMethod(request.method) || !isRepeated(signed);
    return isAlone ? signed : signRequest(request, { ...options, profile, nonce: createNonce() });
  };
}

/** Whether a request of the same second had the same signature base. */
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

import { AAuthVerificationError } from "../errors.ts";
import type { Requirement } from "../types.ts";
import { tell } from "./tell.ts";
import type { AddressedRequest, VerifiedHead, VerifierObserver } from "./types.ts";

type Begin = (request: AddressedRequest, requirement?: Requirement<string>) => Promise<VerifiedHead>;

/** The same verification, with its verdict told to an observer, which changes nothing. */
export function observed(begin: Begin, observer: VerifierObserver): Begin {
  return async (request, requirement) => {
    const refused = (error: unknown): never => {
      if (error instanceof AAuthVerificationError) {
        tell(observer, { type: "request_refused", error, requirement }, request);
      }
      throw error;
    };
    const pending = await begin(request, requirement).catch(refused);
    return {
      async complete(body) {
        const verified = await pending.complete(body).catch(refused);
        tell(observer, { type: "request_verified", verified, requirement }, request);
        return verified;
      },
    };
  };
}

import { AAuthVerificationError } from "../errors.ts";
import { guarded, type Observer } from "../profile/events.ts";
import type { Requirement } from "../types.ts";
import type { AddressedRequest, VerifiedHead } from "./types.ts";

type Begin = (request: AddressedRequest, requirement?: Requirement<string>) => Promise<VerifiedHead>;

/** Reports each verdict of a verification to an observer, which cannot affect it. */
export function observed(begin: Begin, observer: Observer<AddressedRequest>): Begin {
  const tell = guarded(observer);
  return async (request, requirement) => {
    const refused = (error: unknown): never => {
      if (error instanceof AAuthVerificationError) {
        tell({ type: "request_refused", error, requirement }, request);
      }
      throw error;
    };
    const pending = await begin(request, requirement).catch(refused);
    return {
      async complete(body) {
        const verified = await pending.complete(body).catch(refused);
        tell({ type: "request_verified", verified, requirement }, request);
        return verified;
      },
    };
  };
}

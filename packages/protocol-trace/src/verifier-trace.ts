import type { Requirement } from "aauth";
import type { Verifier } from "aauth/resource";
import { recordRefused, recordVerified } from "./verification.ts";

/**
 * The same verifier; what `verifyRequest` sees and decides is written onto the current span, which is the request's. For endpoints that verify by
 * themselves and not by `fastify-aauth`, which has an observer.
 */
export function traceVerifier(verifier: Verifier): Verifier {
  type Request = Parameters<Verifier["verifyRequest"]>[0];
  const verifyRequest = async (request: Request, requirement?: Requirement) => {
    const judged = { headers: request.headers, requirement };
    try {
      const verified = await (requirement === undefined
        ? verifier.verifyRequest(request)
        : verifier.verifyRequest(request, requirement));
      recordVerified(verified, judged);
      return verified;
    } catch (error) {
      recordRefused(error, judged, undefined);
      throw error;
    }
  };
  return { ...verifier, verifyRequest } as Verifier;
}

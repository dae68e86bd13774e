import type { Requirement } from "aauth";
import type { Verifier, VerifierObserver } from "aauth/resource";
import { recordRefused, recordVerified } from "./verification.ts";

/**
 * An observer for `createVerifier` that records verdicts on the current span, which is the
 * request's.
 */
export const verifierTrace: VerifierObserver = (event, { headers }) => {
  const judged = { headers, requirement: event.requirement };
  if (event.type === "request_verified") recordVerified(event.verified, judged);
  else recordRefused(event.error, judged, undefined);
};

/**
 * Wraps a verifier to record the findings and verdict of `verifyRequest` on the current span, which
 * is the request's. For endpoints that verify without `fastify-aauth`, which has an observer.
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

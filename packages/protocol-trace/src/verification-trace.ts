import type { VerificationEvent } from "fastify-aauth";
import { recordLimited, recordRefused, recordVerified } from "./verification.ts";

/** An observer for `fastify-aauth`. */
export type VerificationTrace = (
  event: VerificationEvent,
  request: { readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> },
) => void;

/** Records the verifier's findings and verdict on the current span, which is the request's. */
export const verificationTrace: VerificationTrace = (event, { headers }) => {
  switch (event.type) {
    case "request_received":
      return;
    case "request_verified":
      return recordVerified(event.verified, { headers, requirement: event.requirement });
    case "request_refused":
      return recordRefused(event.error, { headers, requirement: event.requirement }, event.challenge);
    case "request_limited":
      return recordLimited(event.challenge);
  }
};

import type { Observer } from "aauth";
import { recordLimited, recordRefused, recordVerified } from "./verification.ts";

/** The part of a request that is recorded. */
export interface ReceivedFields {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * An observer of verifiers, resources, servers and `fastify-aauth`: records findings and verdict on
 * the current span, which is the request's.
 */
export const verificationTrace: Observer<ReceivedFields> = (event, { headers } = NO_FIELDS) => {
  switch (event.type) {
    case "request_verified":
      return recordVerified(event.verified, { headers, requirement: event.requirement });
    case "request_refused":
      return recordRefused(event.error, { headers, requirement: event.requirement }, event.challenge);
    case "request_limited":
      return recordLimited(event.challenge);
  }
};

const NO_FIELDS: ReceivedFields = { headers: {} };

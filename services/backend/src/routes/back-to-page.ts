import type { FastifyReply } from "fastify";
import { CALLBACK_STATUS, type ConsentOutcome } from "../runs/consent-service.ts";

/** Sends a browser that has been at another party's page on to the front end, which reads the outcome from its address. */
export function backToPage(
  reply: FastifyReply,
  frontendUrl: string,
  outcome: ConsentOutcome | undefined,
): FastifyReply {
  const page = new URL(`${frontendUrl}/`);
  if (outcome?.authorized) {
    page.searchParams.set("aauth_authorized", "1");
  } else if (outcome !== undefined) {
    page.searchParams.set("aauth_error", "1");
    page.searchParams.set("error", outcome.error);
    page.searchParams.set("error_description", outcome.description);
  }
  if (outcome?.requestId !== undefined) page.searchParams.set("request_id", outcome.requestId);
  // The address that the browser has come to may contain a code: neither caches nor the next page's Referer may keep it.
  return reply
    .header("cache-control", "no-store")
    .header("referrer-policy", "no-referrer")
    .redirect(page.href, CALLBACK_STATUS);
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { type OAuthError, sendOAuthError } from "../oauth-error.ts";
import type { Realm } from "../realm/realm.ts";
import { errorPage } from "./message-page.ts";
import { sendPage } from "./page.ts";

/** A page for a browser, JSON for everything else. Never a redirect: there is no address to trust yet. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  error: OAuthError,
  realm: Realm,
): FastifyReply {
  if (!request.headers.accept?.includes("text/html")) return sendOAuthError(reply, error);
  const title = "This request cannot be answered";
  const text = `${error.message}${/[.!?]$/.test(error.message) ? "" : "."} Go back to the application and start again.`;
  return sendPage(reply, error.status, errorPage(realm, { title, text, code: error.code }));
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { type OAuthError, sendOAuthError } from "../oauth-error.ts";
import { type Realm, shownName } from "../realm/realm.ts";
import { html } from "./html.ts";
import { type Page, renderPage, sendPage } from "./page.ts";

/**
 * A page with one message: an error, or that the sign-out is done. It leads to the realm's
 * applications, whose addresses are configured and never chosen by a request.
 */
export function messagePage(
  realm: Realm,
  message: {
    title: string;
    text: string;
    /** Error code, for the developer. */
    code?: string;
    /** Where to go on, instead of the applications. */
    link?: readonly [href: string, name: string];
  },
): Page {
  const { title, text, code, link } = message;
  const applications = realm.clients.filter(({ rootUrl }) => rootUrl !== undefined);
  const content = html`<h1>${title}</h1>
<p class="lead">${text}</p>
${
  link === undefined
    ? applications.map(
        ({ name, clientId, rootUrl }) => html`<p><a href="${rootUrl}">Go to ${name ?? clientId}</a></p>
`,
      )
    : html`<p><a href="${link[0]}">${link[1]}</a></p>
`
}${code === undefined ? undefined : html`<p class="note">Error code: <code>${code}</code></p>`}`;
  return renderPage({ title, content, realmName: shownName(realm) });
}

/**
 * A page for a browser, JSON for other callers. Never a redirect: there is no address to trust yet.
 */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  error: OAuthError,
  realm: Realm,
): FastifyReply {
  if (!request.headers.accept?.includes("text/html")) return sendOAuthError(reply, error);
  const title = "This request cannot be answered";
  const text = `${error.message}${/[.!?]$/.test(error.message) ? "" : "."} Go back to the application and start again.`;
  return sendPage(reply, error.status, messagePage(realm, { title, text, code: error.code }));
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { type OAuthError, sendOAuthError } from "../oauth-error.ts";
import { type Html, html } from "./html.ts";
import { type Page, renderPage, type Site, sendPage } from "./page.ts";

/** Links to the applications, a line each. */
export function applicationLinks({ applications }: Site): readonly Html[] {
  return applications.map(
    ({ name, url }) => html`<p><a href="${url}">Go to ${name}</a></p>
`,
  );
}

/** A page with one message, such as an error. It links to the applications. */
export function messagePage(
  site: Site,
  message: {
    title: string;
    text: string;
    /** Error code, for the developer. */
    code?: string;
    /** Link to continue at, instead of the applications. */
    link?: readonly [href: string, name: string];
  },
): Page {
  const { title, text, code, link } = message;
  const content = html`<h1>${title}</h1>
<p class="lead">${text}</p>
${
  link === undefined
    ? applicationLinks(site)
    : html`<p><a href="${link[0]}">${link[1]}</a></p>
`
}${code === undefined ? undefined : html`<p class="note">Error code: <code>${code}</code></p>`}`;
  return renderPage({ title, content, site });
}

/**
 * Sends a page to a browser and JSON to other callers. Never redirects: no address is trusted yet.
 *
 * @param page path and query for the next attempt after a 503. Default: those of the request
 */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  error: OAuthError,
  site: Site,
  page = request.url,
): FastifyReply {
  if (!request.headers.accept?.includes("text/html")) return sendOAuthError(reply, error);
  const { status, code } = error;
  const sentence = `${error.message}${/[.!?]$/.test(error.message) ? "" : "."}`;
  const message =
    status === 503
      ? { title: "This is not possible now", text: sentence, link: [page, "Try again"] as const }
      : {
          title: "This request cannot be answered",
          text: `${sentence} Go back to the application and start again.`,
        };
  return sendPage(reply, status, messagePage(site, { ...message, code }));
}

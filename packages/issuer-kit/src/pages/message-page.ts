import type { FastifyReply, FastifyRequest } from "fastify";
import { type OAuthError, sendOAuthError } from "../oauth-error.ts";
import { html } from "./html.ts";
import { type Page, renderPage, sendPage } from "./page.ts";

/** The server that the pages are of. */
export interface Site {
  /** In the head of each page. */
  readonly name: string;
  /** Applications that persons come from: configured, never chosen by a request. */
  readonly applications: readonly { readonly name: string; readonly url: string }[];
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
    ? site.applications.map(
        ({ name, url }) => html`<p><a href="${url}">Go to ${name}</a></p>
`,
      )
    : html`<p><a href="${link[0]}">${link[1]}</a></p>
`
}${code === undefined ? undefined : html`<p class="note">Error code: <code>${code}</code></p>`}`;
  return renderPage({ title, content, siteName: site.name });
}

/**
 * A page for a browser, JSON for other callers. Never a redirect: there is no address to trust yet.
 *
 * @param page path and query where the browser tries again after a 503. Default: of the request
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

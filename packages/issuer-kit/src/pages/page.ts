import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { type Html, html, trustedHtml } from "./html.ts";
import { markOf, type PageColours, styleOf } from "./style.ts";

/** The server that shows the pages. */
export interface Site {
  /** In the head of each page. */
  readonly name: string;
  readonly colours: PageColours;
  /** Applications that send persons here. Configured, never chosen by a request. */
  readonly applications: readonly { readonly name: string; readonly url: string }[];
}

/** Body and headers of a page. */
export interface Page {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Puts content into the common frame. The content security policy allows nothing but the page's own
 * style (and script, if given).
 *
 * `formOrigins`: Chromium applies `form-action` to every redirect after a submitted form, so the
 * possible target origins must be listed.
 */
export function renderPage(options: {
  title: string;
  content: Html;
  site: Pick<Site, "name" | "colours">;
  formOrigins?: readonly string[];
  /** Whether the page contains an embedded image. Images at other addresses stay forbidden. */
  hasLogo?: boolean;
  script?: string;
  /** Whether the script asks this server for news. */
  isLive?: boolean;
}): Page {
  const { title, content, site, formOrigins = [], hasLogo = false, script, isLive = false } = options;
  const style = styleOf(site.colours);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${site.name}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${trustedHtml(style)}</style>
</head>
<body>
<main>
<div class="brand">${trustedHtml(markOf(site.colours))}<span>${site.name}</span></div>
${content}
</main>
${script === undefined ? undefined : html`<script>${trustedHtml(script)}</script>`}
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `img-src 'self'${hasLogo ? " data:" : ""}`,
    `style-src '${sourceHash(style)}'`,
    ...(script === undefined ? [] : [`script-src '${sourceHash(script)}'`]),
    ...(isLive ? ["connect-src 'self'"] : []),
    ["form-action 'self'", ...formOrigins].join(" "),
    "base-uri 'none'",
    "frame-ancestors 'none'", // hole T37
  ].join("; ");
  return {
    body: page.text,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": policy,
      // The address contains a request token or an interaction id and must not be passed on.
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  };
}

export function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply.code(status).headers(page.headers).send(page.body);
}

/** Origins of the URLs that a form may lead to. URLs without an origin are left out. */
export function originsOf(...urls: readonly (string | undefined)[]): string[] {
  const origins = urls.flatMap((url) => (url === undefined ? [] : (URL.parse(url)?.origin ?? [])));
  return [...new Set(origins)].filter((origin) => origin !== "null");
}

function sourceHash(source: string): string {
  return `sha256-${hash("sha256", source, "base64")}`;
}

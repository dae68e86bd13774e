import type { Plugin } from "vite";

const STYLESHEET = /^\s*<link rel="stylesheet"[^>]*>\n/gm;

/**
 * Moves the stylesheets of a page with markup of its own behind that markup. A browser shows what
 * is in front of them at once, and runs the page's script when they are there.
 */
export function paintFirst(): Plugin {
  return {
    name: "paint-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html) {
        if (!html.includes('class="first-paint"')) return html;
        const links = html.match(STYLESHEET) ?? [];
        return html.replace(STYLESHEET, "").replace(/\s*<\/body>/, () => `\n${links.join("")}  </body>`);
      },
    },
  };
}

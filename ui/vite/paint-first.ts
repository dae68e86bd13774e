import type { Plugin } from "vite";

const STYLESHEET = /^\s*<link rel="stylesheet"[^>]*>\n/gm;

/**
 * Moves the stylesheets of a page that has its own markup behind that markup, so that a browser
 * shows the markup at once. It runs the page's script when the stylesheets are loaded.
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

import type { Plugin } from "vite";

/**
 * Serves pages that are made whole, by file name. A build writes them as files, and Vite makes them
 * for each request.
 */
export function wholePages(pages: Readonly<Record<string, () => string | Promise<string>>>): Plugin {
  return {
    name: "whole-pages",
    async generateBundle() {
      for (const [fileName, make] of Object.entries(pages))
        this.emitFile({ type: "asset", fileName, source: await make() });
    },
    configureServer: (server) => {
      server.middlewares.use((request, response, next) => {
        const make = pages[request.url?.split(/[?#]/)[0]?.slice(1) ?? ""];
        if (make === undefined) {
          next();
          return;
        }
        response.setHeader("content-type", "text/html; charset=utf-8");
        Promise.resolve(make()).then((page) => response.end(page), next);
      });
    },
  };
}

import { createServer, type Server } from "node:http";
import sirv from "sirv";
import { limitCallers } from "../vite/page-limits.ts";
import type { UiSettings } from "../vite/read-settings.ts";
import { securityHeaders } from "../vite/security-headers.ts";

/**
 * Serves the built page from a folder, with `/config.json` for the stack it runs in. Where the name of a file carries a hash of its
 * content, browsers may keep it for ever; everything else they ask for again.
 *
 * @param folder what `vite build` made
 */
export function createPageServer(folder: string, browser: UiSettings["browser"]): Server {
  const config = JSON.stringify(browser);
  const headers = Object.entries(securityHeaders(browser));
  const files = sirv(folder, {
    etag: true,
    setHeaders: (response, path) =>
      response.setHeader(
        "cache-control",
        path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ),
  });
  const server = createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    if (request.url?.split("?", 1)[0] === "/config.json") {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(config);
      return;
    }
    files(request, response, () => {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Not found\n");
    });
  });
  return limitCallers(server);
}

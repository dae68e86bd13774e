import { createServer, type Server } from "node:http";
import { limitCallers } from "../vite/page-limits.ts";
import type { UiSettings } from "../vite/read-settings.ts";
import { securityHeaders } from "../vite/security-headers.ts";
import { readPageFiles } from "./page-files.ts";

/**
 * Serves the built page, with `/config.json` for the stack it runs in. The files are in memory: no address names a file of the machine, and
 * a browser that hangs up leaves none open. `Range` is ignored.
 *
 * @param folder what `vite build` made
 * @throws Error when there is no page in it
 */
export function createPageServer(folder: string, browser: UiSettings["browser"]): Server {
  const files = readPageFiles(folder);
  const config = JSON.stringify(browser);
  const headers = Object.entries(securityHeaders(browser));
  const server = createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const path = request.url?.split("?", 1)[0] ?? "";
    if (path === "/config.json") {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(config);
      return;
    }
    const file = files.get(path);
    if (file === undefined) {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Not found\n");
    } else if (request.headers["if-none-match"] === file.headers.etag) {
      response.writeHead(304, file.headers).end();
    } else {
      response.writeHead(200, { ...file.headers, "content-length": file.body.length }).end(file.body);
    }
  });
  return limitCallers(server);
}

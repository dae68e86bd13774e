import type { Connect, Plugin } from "vite";
import { limitCallers } from "./page-limits.ts";
import type { UiSettings } from "./read-settings.ts";
import { securityHeaders } from "./security-headers.ts";

/**
 * Serves `/config.json`, in development and in preview, so that one build runs against any stack.
 * In preview every answer also carries a content security policy: the page may talk to the backend and the auth
 * server it was configured with and to nobody else. (Vite's development client needs inline scripts.)
 */
export function serveConfig(browser: UiSettings["browser"]): Plugin {
  const body = JSON.stringify(browser);
  const answer: Connect.NextHandleFunction = (request, response, next) => {
    if (request.url?.split("?")[0] !== "/config.json") {
      next();
      return;
    }
    response.setHeader("content-type", "application/json");
    response.setHeader("cache-control", "no-store");
    response.end(body);
  };
  const headers = securityHeaders(browser);
  const secure: Connect.NextHandleFunction = (_request, response, next) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    next();
  };
  return {
    name: "serve-config",
    configureServer: (server) => {
      limitCallers(server.httpServer);
      server.middlewares.use(answer);
    },
    configurePreviewServer: (server) => {
      limitCallers(server.httpServer);
      server.middlewares.use(secure);
      server.middlewares.use(answer);
    },
  };
}

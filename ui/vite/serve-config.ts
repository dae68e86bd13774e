import type { Plugin } from "vite";
import { limitCallers } from "./page-limits.ts";
import type { UiSettings } from "./read-settings.ts";

/** Serves `/config.json` in development, as the server of the built page does. */
export function serveConfig(browser: UiSettings["browser"]): Plugin {
  const body = JSON.stringify(browser);
  return {
    name: "serve-config",
    apply: "serve",
    configureServer: (server) => {
      limitCallers(server.httpServer);
      server.middlewares.use((request, response, next) => {
        if (request.url?.split("?")[0] !== "/config.json") {
          next();
          return;
        }
        response.setHeader("content-type", "application/json");
        response.setHeader("cache-control", "no-store");
        response.end(body);
      });
    },
  };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, ViteDevServer } from "vite";
import { expect, it } from "vitest";
import { serveConfig } from "../../vite/serve-config.ts";

const browser = { backendUrl: "http://b.test:1", authServerUrl: "http://a.test:2/realms/r", clientId: "ui" };

/** Sends one request through the plugin's middleware of the development server. */
function answerTo(url: string) {
  const handlers: Connect.NextHandleFunction[] = [];
  const server = { middlewares: { use: (handler: Connect.NextHandleFunction) => handlers.push(handler) } };
  const configure = serveConfig(browser).configureServer as (server: ViteDevServer) => void;
  configure(server as unknown as ViteDevServer);

  const headers = new Map<string, string>();
  let body: string | undefined;
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    end: (text: string) => {
      body = text;
    },
  } as unknown as ServerResponse;
  let isPassedOn = true;
  for (const handler of handlers) {
    isPassedOn = false;
    handler({ url } as IncomingMessage, response, () => {
      isPassedOn = true;
    });
    if (!isPassedOn) break;
  }
  return { headers, body, isPassedOn };
}

it("answers only /config.json", () => {
  const { headers, body } = answerTo("/config.json?x=1");
  expect(JSON.parse(body ?? "")).toEqual(browser);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(answerTo("/")).toMatchObject({ body: undefined, isPassedOn: true });
  expect(answerTo("/config.json/x").isPassedOn).toBe(true);
});

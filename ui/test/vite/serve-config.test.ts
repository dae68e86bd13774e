import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, PreviewServer } from "vite";
import { describe, expect, it } from "vitest";
import { serveConfig } from "../../vite/serve-config.ts";

const browser = { backendUrl: "http://b.test:1", authServerUrl: "http://a.test:2/realms/r", clientId: "ui" };

/** Sends one request through what the plugin adds to the preview server. */
function answerTo(url: string) {
  const handlers: Connect.NextHandleFunction[] = [];
  const server = { middlewares: { use: (handler: Connect.NextHandleFunction) => handlers.push(handler) } };
  const configure = serveConfig(browser).configurePreviewServer as (server: PreviewServer) => void;
  configure(server as unknown as PreviewServer);

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

describe("serveConfig", () => {
  it("answers /config.json and nothing else", () => {
    const { headers, body } = answerTo("/config.json?x=1");
    expect(JSON.parse(body ?? "")).toEqual(browser);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(answerTo("/")).toMatchObject({ body: undefined, isPassedOn: true });
    expect(answerTo("/config.json/x").isPassedOn).toBe(true);
  });

  it("lets the page talk to its own backend and auth server only", () => {
    const policy = answerTo("/").headers.get("content-security-policy");
    expect(policy).toContain("connect-src 'self' http://b.test:1 http://a.test:2;");
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("script-src");
  });
});

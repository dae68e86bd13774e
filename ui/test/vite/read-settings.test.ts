import { describe, expect, it } from "vitest";
import { readSettings } from "../../vite/read-settings.ts";

describe("readSettings", () => {
  it("makes a working demo by default", () => {
    expect(readSettings({ PATH: "/bin" })).toEqual({
      port: 3050,
      browser: {
        backendUrl: "http://localhost:8000",
        authServerUrl: "http://localhost:8080/realms/aauth-test",
        clientId: "supply-chain-ui",
      },
    });
  });

  it("takes set values without a trailing slash; empty means unset", () => {
    const settings = readSettings({ UI_PORT: "0", UI_BACKEND_URL: "https://b.test/api/", UI_CLIENT_ID: "" });
    expect(settings.port).toBe(0);
    expect(settings.browser).toMatchObject({ backendUrl: "https://b.test/api", clientId: "supply-chain-ui" });
  });

  it("gives the page only the mode of its profile", () => {
    const both = { UI_MODE: "federated", UI_AUTHORIZATION_SCHEME: "autonomous" };
    expect(readSettings({ ...both, UI_PROFILE: "draft-11" }).browser.mode).toBe("federated");
    expect(readSettings(both).browser.mode).toBe("autonomous");
    expect(() => readSettings({ UI_MODE: "autonomous" })).toThrow(/UI_MODE: /);
  });

  it("lists all problems with their variables", () => {
    const read = () =>
      readSettings({
        UI_PORT: "many",
        UI_BACKEND_URL: "ftp://x",
        UI_AUTH_SERVER_URL: "http://x/?a",
        UI_BACKND_URL: "x",
      });
    expect(read).toThrow(
      /UI_PORT: .*\n.*UI_BACKEND_URL: .*\n.*UI_AUTH_SERVER_URL: .*\n.*UI_BACKND_URL: no such setting/,
    );
  });
});
